//! Metrics in the text format that is older than `OpenMetrics`.

use std::collections::HashMap;
use std::fmt::Write as _;

/// The version 0.0.4 text format, from metrics as `OpenMetrics`.
///
/// The formats differ in the comments: the older one names a counter by its samples, `…_total`, has no
/// information metrics, units or end mark. Samples are the same.
#[must_use]
pub fn to_prometheus_text(open_metrics: &str) -> String {
    let types: HashMap<&str, &str> =
        open_metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' ')).collect();
    let name = |family: &str| match types.get(family) {
        Some(&"counter") => format!("{family}_total"),
        Some(&"info") => format!("{family}_info"),
        _ => family.to_owned(),
    };
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let comment = line.strip_prefix("# ").map(|comment| comment.splitn(3, ' ').collect::<Vec<_>>());
        // Writing to a string does not fail.
        let _written = match comment.as_deref() {
            None => text.write_str(line),
            Some(["HELP", family, help]) => write!(text, "# HELP {} {help}", name(family)),
            Some(["TYPE", family, kind]) => {
                let kind = match *kind {
                    "info" => "gauge",
                    "unknown" => "untyped",
                    kind => kind,
                };
                write!(text, "# TYPE {} {kind}", name(family))
            }
            Some(_) => continue,
        };
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_and_information_are_named_by_their_samples() {
        let open_metrics = "\
# HELP requests Requests that have ended, by type.
# TYPE requests counter
requests_total{type=\"query\"} 3
# HELP build Version.
# TYPE build info
build_info{version=\"1\"} 1
# HELP time_seconds Time.
# TYPE time_seconds histogram
# UNIT time_seconds seconds
time_seconds_sum 0.5
time_seconds_count 1
time_seconds_bucket{le=\"+Inf\"} 1
# HELP odd Odd.
# TYPE odd unknown
odd 1
# EOF
";
        let expected = "\
# HELP requests_total Requests that have ended, by type.
# TYPE requests_total counter
requests_total{type=\"query\"} 3
# HELP build_info Version.
# TYPE build_info gauge
build_info{version=\"1\"} 1
# HELP time_seconds Time.
# TYPE time_seconds histogram
time_seconds_sum 0.5
time_seconds_count 1
time_seconds_bucket{le=\"+Inf\"} 1
# HELP odd Odd.
# TYPE odd untyped
odd 1
";
        assert_eq!(to_prometheus_text(open_metrics), expected);
    }
}
