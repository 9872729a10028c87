/** The command line: one class a subcommand; contract in the README. */
package io.softshare.cli;
