//! Requests: every text as every parameter; times, zones, ranges, and the names of workbooks.
#![no_main]

use flowbook::contract::request::{Account, ExportRequest, ExportSpec, MAX_RANGE, restore, validate};
use flowbook::domain::Pattern;
use flowbook::export::name::file_name;
use flowbook::locale::Language;
use flowbook::schedule::range::{Moment, RangeRule, months};
use flowbook::task::pattern::NamePattern;
use flowbook::time::{TimeFormat, Zone, iso, parse_iso};
use libfuzzer_sys::fuzz_target;
use std::path::Component;
use std::sync::LazyLock;

/// A moment in 2026.
const NOW: i64 = 1_773_604_800;
const WINDOW: i64 = 300;
/// What a parameter holds that the input does not give.
const USUAL: [(&str, &str); 3] =
    [("StartTime", "2026-03-01T00:00:00Z"), ("EndTime", "2026-03-02T00:00:00Z"), ("Type", "flow")];

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    let words: Vec<&str> = text.split('\n').collect();
    words.iter().for_each(|word| times(word));
    if words.len() == 1 {
        // It takes its time.
        assert!(!Zone::hint(&text).contains('\n'));
    }
    let named = words.iter().filter_map(|word| word.split_once('='));
    let named = USUAL.into_iter().chain(named).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let request = ExportRequest::from_parameters(&named.collect());
    let account = Account {
        id: Some("12".into()),
        groups: [("shop".to_owned(), Pattern::parse("a.com").into_iter().collect())].into(),
        ..Account::default()
    };
    match validate(&request, &account, Language::ZhCn) {
        Ok(spec) => valid(&request, &spec, &words),
        Err(refusal) => assert!(!refusal.detail.is_empty() && !refusal.detail.contains('\n')),
    }
});

/// A valid request is what it says, and is again what it was once it is restored.
fn valid(request: &ExportRequest, spec: &ExportSpec, words: &[&str]) {
    let (start, end) = spec.asked;
    assert!(0 <= start && start < end);
    assert!((end - start).min(spec.zone.local(end) - spec.zone.local(start)) <= MAX_RANGE);
    let (first, behind) = (spec.range.start().start(), spec.range.end().start());
    assert!(first <= start && start - first < WINDOW && behind >= end && behind - end < WINDOW);
    let again = ExportRequest::from_parameters(&request.parameters());
    let again = restore(&again, spec.selection.clone(), spec.language).unwrap();
    assert_eq!(format!("{again:?}"), format!("{spec:?}"));
    let name = file_name(spec);
    assert!(name.len() <= 255 && !name.contains('/'), "{name}");
    for word in words {
        let Ok(pattern) = NamePattern::parse(word) else { continue };
        assert_eq!(NamePattern::parse(&pattern.to_string()).unwrap(), pattern);
        if let Ok(path) = pattern.fill(spec) {
            assert!(path.components().all(|part| matches!(part, Component::Normal(_))), "{}", path.display());
        }
    }
}

/// What is read of a text is read of it as it is shown, too.
fn times(word: &str) {
    if let Some(unix) = parse_iso(word) {
        assert_eq!(iso(unix), word);
    }
    let zone = Zone::parse(word);
    if let Some(zone) = zone {
        assert_eq!(Zone::parse(&zone.to_string()), Some(zone));
        assert!(zone.offset_at(NOW).abs() <= 14 * 3600);
    }
    for (moment, zone) in Moment::parse(word).into_iter().flat_map(|m| [(m, Zone::UTC), (m, zone_of(word))]) {
        assert!(moment.start(zone) <= moment.end(zone));
        let shown = Moment::parse(&moment.to_string());
        assert_eq!(shown.map(|m| m.start(zone)), Some(moment.start(zone)));
    }
    if let Some(rule) = RangeRule::parse(word) {
        assert_eq!(RangeRule::parse(&rule.to_string()), Some(rule));
        let (start, end) = rule.resolve(NOW, zone_of(word));
        assert!(start <= end || matches!(rule, RangeRule::Fixed { .. }));
    }
    for month in months(word).into_iter().flatten() {
        let (start, end) = month.resolve(NOW, Zone::UTC);
        assert!(start < end && end - start <= MAX_RANGE);
    }
    if let Some(format) = TimeFormat::parse(word) {
        let _ = format.show(NOW, zone_of(word));
    }
}

/// One of the zones, by the length of a text.
fn zone_of(word: &str) -> Zone {
    static ALL: LazyLock<Vec<Zone>> = LazyLock::new(|| Zone::names().filter_map(Zone::parse).collect());
    ALL[word.len() * 7 % ALL.len()]
}
