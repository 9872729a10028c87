/**
 * A run as one HTML file that needs nothing else: {@link io.softshare.report.Report} reads a run's folder and writes the page.
 *
 * <p>The charts are drawn by Apache ECharts (Apache-2.0), whose minified file the build takes out of its WebJar on Maven
 * Central into this package's resources, beside its licences; the page carries it whole. So building needs no client but Maven,
 * making a report needs no network, and neither does opening one: the page's content security policy allows its own scripts
 * by their hashes, styles and data: images, and nothing from elsewhere. A script fetched when the report is made would have
 * saved 1 MB of jar and cost that.
 *
 * <p>Java works out every figure and table; {@code report.js} only turns them into charts. Texts from the run reach the page
 * through a template that escapes them, and as JSON in which {@code <} is escaped.
 */
package io.softshare.report;
