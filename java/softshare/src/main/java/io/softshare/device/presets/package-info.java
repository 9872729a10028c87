/** What JavaCPP needs to parse the C header; compiled before everything else. */
package io.softshare.device.presets;
