//! Suggestions for misspelt words: the known word nearest to one that is not known.
//!
//! Knows nothing of what the words are for. The only file that names strsim.

/// The word of `known` that `word` most likely was to be; none where nothing is near. Upper and lower case count
/// as alike, then swapped, missing, added and wrong letters are counted: one in three letters may be wrong.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let len = word.chars().count();
    let allowed = (len / 3).max(1);
    let far = |other: &str| strsim::damerau_levenshtein(&word, &other.to_lowercase());
    // What is longer or shorter by more is surely far, and sooner seen than told how far.
    let near = known.into_iter().filter(|other| other.chars().count().abs_diff(len) <= allowed);
    let (distance, other) = near.map(|other| (far(other), other)).min()?;
    (distance <= allowed).then_some(other)
}

/// The end of the message for an unknown word: `; did you mean "..."? ` with the nearest known word, if one is near,
/// and in any case what to give.
#[must_use]
pub fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, give: &str) -> String {
    match nearest(word, known) {
        Some(other) => format!("; did you mean {other:?}? {give}"),
        None => format!("; {give}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found() {
        let known = ["domain_names", "time_zone", "type", "language", "www.example.com", "img.example.com"];
        for (word, expected) in [
            ("domain_name", Some("domain_names")),
            ("Domain-Names", Some("domain_names")),
            ("timezone", Some("time_zone")),
            ("tpye", Some("type")),
            ("www.exmaple.com", Some("www.example.com")),
            ("ww.example.com", Some("www.example.com")),
            ("zzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
        assert_eq!(hint("tpe", known, "give one"), "; did you mean \"type\"? give one");
        assert_eq!(hint("quite another", known, "give one"), "; give one");
    }
}
