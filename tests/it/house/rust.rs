//! Reads of Rust text what the house is judged by: the paths that it names, groups of `use` taken apart.

/// A path that a text names, from its line (from 1): `use crate::{a::B, c}` names `crate::a::B` and `crate::c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) path: Vec<String>,
    /// Whether it stands in a `use`.
    pub(super) is_use: bool,
}

/// A piece of code; comments and texts in quotes are none.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    /// `::`
    Colons,
    Other(char),
}

/// The code without its tests, which end it.
pub(super) fn without_tests(text: &str) -> &str {
    let mut parts = text.split("#[cfg(test)]\nmod tests {");
    let code = parts.next().unwrap_or_default();
    let tests = parts.next();
    assert!(
        tests.is_none_or(|tests| tests.find("\n}\n").is_none_or(|end| end + 3 == tests.len())),
        "tests end a file"
    );
    code
}

/// The code with its texts, and without its comments; each line stays one.
pub(super) fn without_comments(code: &str) -> String {
    let (mut rest, mut kept) = (code, String::with_capacity(code.len()));
    while let Some(c) = rest.chars().next() {
        let length = skipped(rest).max(c.len_utf8());
        let (piece, behind) = rest.split_at(length);
        if piece.starts_with("//") || piece.starts_with("/*") {
            kept.extend(piece.chars().filter(|c| *c == '\n'));
        } else {
            kept.push_str(piece);
        }
        rest = behind;
    }
    kept
}

/// Every path of the code that has two words or more, and every `use`.
pub(super) fn paths(code: &str) -> Vec<Named> {
    let tokens = tokens(code);
    let mut named = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let line = tokens[at].0;
        let is_use = tokens[at].1 == Token::Word("use".into());
        let mut found = Vec::new();
        at = match &tokens[at].1 {
            Token::Word(_) if is_use => tree(&tokens, at + 1, &[], line, &mut found),
            // Of `a.b::<T>()`, only what begins a path is one.
            Token::Word(_) if at == 0 || tokens[at - 1].1 != Token::Other('.') => {
                plain(&tokens, at, line, &mut found)
            }
            _ => at + 1,
        };
        named.extend(found.into_iter().map(|(line, path)| Named { line, path, is_use }));
    }
    named
}

type Tokens = [(usize, Token)];
type Found = Vec<(usize, Vec<String>)>;

/// Words joined by `::`, outside of a `use`.
fn plain(tokens: &Tokens, mut at: usize, line: usize, found: &mut Found) -> usize {
    let mut path = Vec::new();
    while let Some((_, Token::Word(word))) = tokens.get(at) {
        path.push(word.clone());
        at += 1;
        match (tokens.get(at), tokens.get(at + 1)) {
            (Some((_, Token::Colons)), Some((_, Token::Word(_)))) => at += 1,
            _ => break,
        }
    }
    if path.len() > 1 {
        found.push((line, path));
    }
    at
}

/// What a `use`, or a part of it, names behind `before`. Gives where it ends.
fn tree(tokens: &Tokens, mut at: usize, before: &[String], line: usize, found: &mut Found) -> usize {
    let mut path = before.to_vec();
    let mut line = line;
    loop {
        match tokens.get(at) {
            Some((here, Token::Word(word))) => {
                line = *here;
                at += 1;
                if word == "as" {
                    at += 1;
                } else {
                    path.push(word.clone());
                }
            }
            Some((_, Token::Colons)) => at += 1,
            Some((_, Token::Other('{'))) => return group(tokens, at + 1, &path, line, found),
            Some((_, Token::Other('*'))) => {
                path.push("*".into());
                at += 1;
            }
            _ => break,
        }
    }
    if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
        path.pop();
    }
    // `impl Trait + use<>` names nothing.
    if !path.is_empty() {
        found.push((line, path));
    }
    at
}

fn group(tokens: &Tokens, mut at: usize, path: &[String], line: usize, found: &mut Found) -> usize {
    loop {
        at = match tokens.get(at) {
            None => return at,
            Some((_, Token::Other('}'))) => return at + 1,
            Some((_, Token::Other(','))) => at + 1,
            Some(_) => {
                let end = tree(tokens, at, path, line, found);
                // What is no part of a `use` ends it.
                if end == at {
                    return at + 1;
                }
                end
            }
        };
    }
}

/// The code in pieces, each with its line.
fn tokens(code: &str) -> Vec<(usize, Token)> {
    let mut rest = code;
    let mut line = 1;
    let mut tokens = Vec::new();
    while let Some(c) = rest.chars().next() {
        let length = skipped(rest);
        if length > 0 {
            line += rest[..length].matches('\n').count();
            rest = &rest[length..];
            continue;
        }
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let (token, length) = if is_word(c) {
            let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            (Token::Word(rest[..length].into()), length)
        } else if rest.starts_with("::") {
            (Token::Colons, 2)
        } else {
            (Token::Other(c), c.len_utf8())
        };
        tokens.push((line, token));
        rest = &rest[length..];
    }
    tokens
}

/// The length of the blanks, comment, text or character that a text begins with; 0 where it begins with code.
fn skipped(text: &str) -> usize {
    let until =
        |end: &str, from: usize| text[from..].find(end).map_or(text.len(), |at| from + at + end.len());
    let raw = text.trim_start_matches(['b', 'c']).strip_prefix('r').map(|raw| raw.trim_start_matches('#'));
    if text.starts_with(char::is_whitespace) {
        text.len() - text.trim_start().len()
    } else if text.starts_with("//") {
        text.find('\n').unwrap_or(text.len())
    } else if text.starts_with("/*") {
        until("*/", 2)
    } else if let Some(raw) = raw.filter(|raw| raw.starts_with('"')) {
        let head = text.len() - raw.len();
        let hashes = text[..head].matches('#').count();
        until(&format!("\"{}", "#".repeat(hashes)), head + 1)
    } else if let Some(quoted) = text.trim_start_matches(['b', 'c']).strip_prefix('"') {
        let head = text.len() - quoted.len();
        head + quoted_length(quoted, '"')
    } else if let Some(quoted) = text.trim_start_matches('b').strip_prefix('\'') {
        // A lifetime is code.
        let is_character = quoted.starts_with('\\') || quoted.chars().nth(1) == Some('\'');
        if is_character { text.len() - quoted.len() + quoted_length(quoted, '\'') } else { 0 }
    } else {
        0
    }
}

/// The length of what is quoted, its end included.
fn quoted_length(text: &str, end: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == end => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

fn shown(code: &str) -> Vec<String> {
    paths(code).into_iter().map(|named| named.path.join("::")).collect()
}

#[test]
fn every_spelling_of_a_path_is_seen() {
    for (code, expected) in [
        ("use crate::a;", &["crate::a"][..]),
        ("fn a() -> impl Iterator<Item = b::C> + use<> {}", &["b::C"]),
        ("use crate::{a, b};", &["crate::a", "crate::b"]),
        (
            "use crate::{\n    a::{B, c::D as E},\n    f::*,\n};",
            &["crate::a::B", "crate::a::c::D", "crate::f::*"],
        ),
        (
            "pub(super) use super::super::{a::{self, B}, c};",
            &["super::super::a", "super::super::a::B", "super::super::c"],
        ),
        ("use std::{fs, io::{self, Read}};", &["std::fs", "std::io", "std::io::Read"]),
        ("use {std::fs, crate::{a::B}};", &["std::fs", "crate::a::B"]),
        ("use csv;", &["csv"]),
        ("use self::a::B;", &["self::a::B"]),
        ("use ::log::debug;", &["log::debug"]),
        (
            "let x = crate::a::b(<super::c::D as std::fs::E>::f());",
            &["crate::a::b", "super::c::D", "std::fs::E"],
        ),
        ("impl From<std::io::Error> for A {}", &["std::io::Error"]),
        ("x.y::<std::net::Z>()", &["std::net::Z"]),
        ("fn a<'a>(b: &'a str) { c::d('\"', b'\\'', e::f) }", &["c::d", "e::f"]),
    ] {
        assert_eq!(shown(code), expected, "{code}");
    }
}

#[test]
fn comments_and_texts_name_nothing() {
    for code in [
        "// use crate::a;",
        "/* crate::a */",
        "\"crate::a\"",
        "r#\"crate::a\" crate::b\"#",
        "b\"crate::a \\\" crate::b\"",
        "/// [`crate::a`]",
        "abuse; crate",
    ] {
        assert_eq!(shown(code), Vec::<String>::new(), "{code}");
    }
    assert_eq!(shown("\"//\" /* \" */ crate::a"), ["crate::a"]);
}

#[test]
fn code_behind_slashes_in_a_text_is_no_comment() {
    let code = "a(\"http://b\"); c // d\n/* e\n */ f('\"') // g\n\"// h\"";
    assert_eq!(without_comments(code), "a(\"http://b\"); c \n\n f('\"') \n\"// h\"");
}

#[test]
fn paths_have_their_lines() {
    let lines: Vec<usize> =
        paths("//\nuse a::{\n    b,\n    c,\n};\n\"\n\"; d::e").into_iter().map(|named| named.line).collect();
    assert_eq!(lines, [3, 4, 7]);
}

#[test]
fn tests_are_no_code() {
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {\n    b\n}\n"), "a\n");
}

#[test]
#[should_panic = "tests end a file"]
fn code_behind_tests_is_not_overlooked() {
    without_tests("a\n#[cfg(test)]\nmod tests {\n    b\n}\nc\n");
}
