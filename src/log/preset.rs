//! The descriptions that come with the program.

use super::description::{Description, Text};
use std::sync::LazyLock;

/// The texts of the descriptions by name, in the order in which they are preferred where several read a text equally well.
const TEXTS: [(&str, &str); 15] = [
    ("nginx-proxy-manager", include_str!("../../data/formats/nginx-proxy-manager.toml")),
    ("huawei", include_str!("../../data/formats/huawei.toml")),
    ("volcengine", include_str!("../../data/formats/volcengine.toml")),
    ("apache-vhost", include_str!("../../data/formats/apache-vhost.toml")),
    ("ingress-nginx", include_str!("../../data/formats/ingress-nginx.toml")),
    ("upyun", include_str!("../../data/formats/upyun.toml")),
    ("nginx", include_str!("../../data/formats/nginx.toml")),
    ("common", include_str!("../../data/formats/common.toml")),
    ("envoy", include_str!("../../data/formats/envoy.toml")),
    ("haproxy", include_str!("../../data/formats/haproxy.toml")),
    ("cloudfront", include_str!("../../data/formats/cloudfront.toml")),
    ("w3c", include_str!("../../data/formats/w3c.toml")),
    ("cloudflare", include_str!("../../data/formats/cloudflare.toml")),
    ("fastly", include_str!("../../data/formats/fastly.toml")),
    ("caddy", include_str!("../../data/formats/caddy.toml")),
];

/// The text of a description that comes with the program.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    TEXTS.into_iter().find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// The descriptions that come with the program.
#[must_use]
pub fn presets() -> &'static [Description] {
    static ALL: LazyLock<Vec<Description>> = LazyLock::new(|| {
        let read = |(name, text)| {
            let text = Text::parse(text).and_then(|text| Description::new(name, text));
            text.expect("a test reads every description")
        };
        TEXTS.into_iter().map(read).collect()
    });
    &ALL
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{Format, Formats};

    /// A sample of every format and what stands in its place when it is cut or changed anywhere: nothing of it stops a parser.
    #[test]
    fn no_line_stops_a_parser() {
        let formats: Vec<Format> = Formats::default().all().collect();
        assert!(formats.len() > 10);
        let mut lines = 0;
        for of in &formats {
            for sample in of.samples().lines() {
                let cut = (0..=sample.len()).map(|end| sample.as_bytes()[..end].to_owned());
                let changed = (0..sample.len()).flat_map(|at| {
                    [0, b' ', b'"', b'\\', b'-', b'9', 0xff].map(|byte| {
                        let mut line = sample.as_bytes().to_owned();
                        line[at] = byte;
                        line
                    })
                });
                for line in cut.chain(changed) {
                    for format in &formats {
                        let mut parser = format.parser();
                        parser.prepare(&line);
                        let _ = parser.parse(&line);
                        let _ = parser.explain(&line);
                        lines += 1;
                    }
                }
            }
        }
        assert!(lines > 100_000, "{lines}");
    }

    #[test]
    fn texts_are_known_by_their_names() {
        for description in presets() {
            assert!(
                text(&description.name).is_some_and(|text| text.contains(&description.title)),
                "{}",
                description.name
            );
            assert!(!description.samples.is_empty(), "{}", description.name);
        }
        assert_eq!(text("alibaba"), None);
    }
}
