/** Search strategies compared on a surrogate of recorded trials. */
package io.softshare.bench.search;
