//! Lines that hold a JSON object, of which a few values are wanted.
//!
//! One pass from the first `{` on, which ends when all that is wanted was found: nothing is built of what stands there,
//! and nothing behind the last value is looked at. What is not wanted is passed over, however deep it goes.

use super::field::{ROLES, Role, Values};
use memchr::{memchr, memchr2};

/// The keys of an object that lead to something wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keys(Vec<Key>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    name: Box<[u8]>,
    role: Option<Role>,
    below: Keys,
}

/// Where values stand in objects: keys, with dots between those of objects in objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objects {
    keys: Keys,
    /// Number of values that are wanted.
    wanted: usize,
    roles: u32,
}

impl Objects {
    /// Reads paths, such as `request.host`. A key that holds a dot itself has a backslash before it.
    #[must_use]
    pub fn new(paths: &[(String, Role)]) -> Self {
        let mut all = Self { keys: Keys::default(), wanted: 0, roles: 0 };
        for (path, role) in paths {
            let mut keys = &mut all.keys;
            let names = split(path);
            let last = names.len() - 1;
            for (depth, name) in names.into_iter().enumerate() {
                let found = keys.0.iter().position(|key| *key.name == *name);
                let at = found.unwrap_or_else(|| {
                    keys.0.push(Key { name: name.into(), role: None, below: Keys::default() });
                    keys.0.len() - 1
                });
                if depth == last {
                    keys.0[at].role = Some(*role);
                }
                keys = &mut keys.0[at].below;
            }
            all.wanted += 1;
            all.roles |= 1 << *role as u8;
        }
        all
    }

    pub(super) fn has(&self, role: Role) -> bool {
        self.roles & 1 << role as u8 != 0
    }

    /// Finds the values in a line.
    ///
    /// # Errors
    /// The place from which on it is no JSON.
    #[inline]
    pub(super) fn values<'a>(&self, line: &'a [u8]) -> Result<Values<'a>, usize> {
        let begin = memchr(b'{', line).ok_or(0usize)?;
        let mut scan = Scan { text: line, at: begin + 1, values: [None; ROLES], missing: self.wanted };
        match scan.object(&self.keys) {
            // Not all is there, and the object is whole; or all is there.
            Some(()) => Ok(scan.values),
            None if scan.missing == 0 => Ok(scan.values),
            None => Err(scan.at.min(line.len())),
        }
    }
}

/// The keys of a path.
fn split(path: &str) -> Vec<Vec<u8>> {
    let mut names = vec![Vec::new()];
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'.' => names.push(Vec::new()),
            b'\\' => names.last_mut().into_iter().for_each(|name| name.extend(bytes.next())),
            _ => names.last_mut().into_iter().for_each(|name| name.push(byte)),
        }
    }
    names
}

struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    values: Values<'a>,
    /// How many values were not found yet.
    missing: usize,
}

impl<'a> Scan<'a> {
    /// Reads an object from behind its brace. `None` when all is found, or the text is no JSON. Goes no deeper than the paths.
    fn object(&mut self, keys: &Keys) -> Option<()> {
        if self.next()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            if self.next()? != b'"' {
                return None;
            }
            let name = self.string()?;
            if self.next()? != b':' {
                return None;
            }
            self.at += 1;
            let first = self.next()?;
            match keys.0.iter().find(|key| *key.name == *name) {
                Some(key) if first == b'{' && !key.below.0.is_empty() => {
                    self.at += 1;
                    if let Some(role) = key.role {
                        // That it is there says something.
                        self.keep(role, b"{")?;
                    }
                    self.object(&key.below)?;
                }
                Some(Key { role: Some(role), .. }) => {
                    let value = self.value(first)?;
                    self.keep(*role, value)?;
                }
                _ => {
                    self.value(first)?;
                }
            }
            match self.next()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    fn keep(&mut self, role: Role, value: &'a [u8]) -> Option<()> {
        let place = &mut self.values[role as usize];
        if place.is_none() {
            *place = Some(value);
            self.missing -= 1;
        }
        (self.missing > 0).then_some(())
    }

    /// The next byte that is no blank, which stays where it is.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// A string without its quotes, of which the first is here.
    #[inline]
    fn string(&mut self) -> Option<&'a [u8]> {
        let begin = self.at + 1;
        let mut from = begin;
        loop {
            let at = from + memchr2(b'"', b'\\', &self.text[from..])?;
            if self.text[at] == b'"' {
                self.at = at + 1;
                return Some(&self.text[begin..at]);
            }
            from = at + 2;
            if from > self.text.len() {
                return None;
            }
        }
    }

    /// A value that begins with `first`; of an object or a list nothing.
    #[inline]
    fn value(&mut self, first: u8) -> Option<&'a [u8]> {
        match first {
            b'"' => self.string(),
            b'{' | b'[' => self.pass().map(|()| &b"{"[..]),
            _ => {
                let rest = &self.text[self.at..];
                let len = rest
                    .iter()
                    .position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\r' | b'\n'))?;
                self.at += len;
                (len > 0).then(|| if rest[..len] == *b"null" { &b""[..] } else { &rest[..len] })
            }
        }
    }

    /// Passes over an object or a list, however deep.
    fn pass(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']'))?;
            match self.text[self.at] {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                _ => depth -= 1,
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn objects(paths: &[(&str, Role)]) -> Objects {
        Objects::new(&paths.iter().map(|(path, role)| ((*path).to_owned(), *role)).collect::<Vec<_>>())
    }

    /// What is found of three values.
    fn found(line: &str) -> Result<[Option<String>; 3], usize> {
        let wanted = objects(&[("t", Role::Time), ("a.b.bytes", Role::Bytes), ("a.tls", Role::Tls)]);
        let values = wanted.values(line.as_bytes())?;
        let text =
            |role| values[role as usize].map(|value: &[u8]| String::from_utf8_lossy(value).into_owned());
        Ok([Role::Time, Role::Bytes, Role::Tls].map(text))
    }

    #[test]
    fn values_are_found_at_their_paths() {
        let some = |text: &str| Some(text.to_owned());
        for (line, expected) in [
            (r#"{"t":1,"a":{"b":{"bytes":"22"},"tls":{"x":1}}}"#, Ok([some("1"), some("22"), some("{")])),
            (
                r#"<134>2024 host x[1]: {"t":1.5,"a":{"b":{"bytes":22},"tls":null}}"#,
                Ok([some("1.5"), some("22"), some("")]),
            ),
            (
                r#"{ "a" : { "b" : { "x" : [ { "bytes" : 1 }, "}" ] , "bytes" : 22 } } , "t" : "\"" }"#,
                Ok([some("\\\""), some("22"), None]),
            ),
            // What is not at its path is not found, and what is found twice counts once.
            (r#"{"bytes":7,"t":1,"t":2,"x":{"a":{"b":{"bytes":8}}}}"#, Ok([some("1"), None, None])),
            // Nothing behind the last value is looked at.
            (r#"{"t":1,"a":{"b":{"bytes":22},"tls":"on"},"garb"#, Ok([some("1"), some("22"), some("on")])),
            (r#"{"t":1,"a":{"b":{"bytes":22}"#, Err(28)),
            (r#"{"t":1,"#, Err(7)),
            (r#"{"t":"1}"#, Err(5)),
            (r#"{"t" 1}"#, Err(5)),
            ("{}", Ok([None, None, None])),
            ("no object", Err(0)),
        ] {
            assert_eq!(found(line), expected, "{line}");
        }
        for deep in ["{\"x\":", "[", "{\"a\":"] {
            assert!(found(&format!("{{\"x\":{}", deep.repeat(100_000))).is_err());
        }
    }

    #[test]
    fn a_key_with_a_dot_is_written_with_a_backslash() {
        let wanted = objects(&[("a\\.b", Role::Bytes)]);
        assert_eq!(wanted.values(br#"{"a.b":1}"#).unwrap()[Role::Bytes as usize], Some(&b"1"[..]));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(|number| json!(number)),
            "[ -~]{0,9}".prop_map(|text| json!(text)),
            Just(Value::Null),
            any::<bool>().prop_map(|is| json!(is)),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c\"\\\\]{0,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        /// A parser that builds everything finds the same numbers.
        #[test]
        fn numbers_are_those_of_another_parser(value in value()) {
            let wanted = objects(&[("a", Role::Bytes), ("b.a", Role::Time), ("c.b.a", Role::Host)]);
            let object = json!({"a": value["a"], "b": value["b"], "c": value, "z": value});
            let text = object.to_string();
            let found = wanted.values(text.as_bytes()).unwrap();
            for (role, path) in [(Role::Bytes, "/a"), (Role::Time, "/b/a"), (Role::Host, "/c/b/a")] {
                if let Some(number) = object.pointer(path).and_then(Value::as_i64) {
                    let number = number.to_string();
                    prop_assert_eq!(found[role as usize], Some(number.as_bytes()), "{}", text);
                }
            }
            for end in 0..text.len() {
                let _ = wanted.values(&text.as_bytes()[..end]);
            }
        }
    }
}
