/** The mixture prior's own parameters on the host: start values, hyperpriors, merging. */
package io.softshare.prior;
