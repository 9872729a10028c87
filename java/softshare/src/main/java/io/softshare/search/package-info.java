/**
 * Search for the settings of a recipe that make the smallest file within a limit of validation error:
 * {@link io.softshare.search.Space} says what varies, a {@link io.softshare.search.Strategy} proposes points of it,
 * {@link io.softshare.search.Store} keeps the trials, {@link io.softshare.search.Search} runs them.
 */
package io.softshare.search;
