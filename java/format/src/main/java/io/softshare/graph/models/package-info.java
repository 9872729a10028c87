/** The built-in networks, one short file each. Their graphs and tensor names are part of the file format. */
package io.softshare.graph.models;
