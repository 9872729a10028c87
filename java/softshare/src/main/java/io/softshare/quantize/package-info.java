/** From trained weights to codebooks and indices. */
package io.softshare.quantize;
