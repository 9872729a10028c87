/**
 * Networks that compute the same with less: what nobody reads is not stored, constants move into biases, units may be
 * put into an order that codes better. Works on decoded networks as plain records, without native code.
 */
package io.softshare.simplify;
