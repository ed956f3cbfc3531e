//! What requests are refused, and why.

use super::*;
use crate::contract::code::Code;

fn request() -> ExportRequest {
    ExportRequest {
        start_time: Some("2026-03-01T00:00:00Z".into()),
        end_time: Some("2026-03-02T00:00:00Z".into()),
        kind: Some("flow".into()),
        ..ExportRequest::default()
    }
}

fn account() -> Account {
    let patterns = |names: &[&str]| names.iter().filter_map(|n| Pattern::parse(n)).collect::<Vec<_>>();
    let groups = [
        ("shop", patterns(&["a.example.com", "*.img.example.com"])),
        ("foreign", patterns(&["x.example.net"])),
    ];
    Account {
        id: Some("1234".into()),
        domains: patterns(&["a.example.com", "b.example.com", "*.img.example.com"]).into_iter().collect(),
        groups: groups.map(|(name, patterns)| (name.to_owned(), patterns)).into(),
        ..Account::default()
    }
}

fn code(change: impl FnOnce(&mut ExportRequest)) -> Option<Code> {
    let mut request = request();
    change(&mut request);
    validate(&request, &account(), Language::EnUs).err().map(|r| r.code)
}

#[expect(clippy::unnecessary_wraps, reason = "parameters are optional")]
fn some(text: &str) -> Option<String> {
    Some(text.into())
}

#[test]
fn a_plain_request_is_the_whole_account() {
    let spec = validate(&request(), &account(), Language::ZhCn).unwrap();
    assert_eq!((spec.scope, spec.kind, spec.language), (Scope::Account, Kind::Flow, Language::ZhCn));
    assert_eq!(spec.range.len(), 288);
    let found = [crate::domain::Domain::new(b"z.img.example.com").unwrap()];
    let names: Vec<String> = spec.selection.resolve(found.iter()).iter().map(ToString::to_string).collect();
    assert_eq!(names, ["a.example.com", "b.example.com", "z.img.example.com"]);
}

#[test]
fn every_rule_has_its_code() {
    for (text, expected) in [
        ("2026-03-01", Some(Code::InvalidStartTime)),
        ("", Some(Code::InvalidStartTime)),
        ("1969-12-31T23:00:00Z", Some(Code::InvalidStartTime)),
        ("2026-03-02T00:00:00Z", Some(Code::InvalidTimeRange)),
        ("2026-01-29T23:59:59Z", Some(Code::InvalidTimeRange)),
        ("2026-01-30T00:00:00Z", None),
    ] {
        assert_eq!(code(|r| r.start_time = some(text)), expected, "{text}");
    }
    assert_eq!(code(|r| r.end_time = None), Some(Code::InvalidEndTime));
    assert_eq!(code(|r| r.end_time = some("tomorrow")), Some(Code::InvalidEndTime));
    assert_eq!(code(|r| r.kind = some("FLOW")), Some(Code::InvalidParameter));
    assert_eq!(code(|r| r.kind = None), Some(Code::InvalidParameter));
    assert_eq!(code(|r| r.product = some("dcdn")), Some(Code::InvalidProduct));
    assert_eq!(code(|r| r.dimension = some("vas")), Some(Code::InvalidDimension));
    assert_eq!(code(|r| r.dimension = some("flow")), None);
    assert_eq!(code(|r| r.bill_type = some("month_95_overseas")), None);
    assert_eq!(code(|r| r.bill_type = some("month_96")), Some(Code::InvalidBillType));
    assert_eq!(code(|r| r.bill_type = some("hour_vas")), Some(Code::InvalidBillType));
    assert_eq!(code(|r| r.aliuid = some("12x")), Some(Code::InvalidAliuid));
    assert_eq!(code(|r| r.aliuid = some("99")), Some(Code::InvalidAliuid));
    assert_eq!(code(|r| r.aliuid = some("1234")), None);
    assert_eq!(code(|r| r.operator = some("a b")), Some(Code::InvalidOperator));
    assert_eq!(code(|r| r.operator = some(&"a".repeat(65))), Some(Code::InvalidOperator));
    assert_eq!(code(|r| r.operator = some("ops.team@example-1")), None);
    assert_eq!(code(|r| r.task_name = some(&"n".repeat(257))), Some(Code::InvalidParameter));
    assert_eq!(code(|r| r.task_name = some(&"n".repeat(256))), None);
    assert_eq!(code(|r| r.language = some("fr")), Some(Code::InvalidParameter));
    assert_eq!(code(|r| r.time_zone = some("Mars")), Some(Code::InvalidParameter));
    assert_eq!(code(|r| r.traffic_factor = some("0")), Some(Code::InvalidParameter));
    assert_eq!(code(|r| r.group = some("none")), Some(Code::InvalidParameter));
    assert_eq!(code(|r| r.group = some("foreign")), Some(Code::IllegalOperation));
    assert_eq!(code(|r| r.domain_names = some("c.example.com")), Some(Code::IllegalOperation));
    assert_eq!(code(|r| r.domain_names = some("a b")), Some(Code::IllegalOperation));
    assert_eq!(code(|r| r.domain_names = some("*.example.com,.img.example.com")), None);
    assert_eq!(code(|r| r.domain_names = some("*.example.org")), Some(Code::IllegalOperation));
    assert_eq!(code(|r| r.domain_names = some(" , ")), Some(Code::InvalidParameter));
    assert_eq!(code(|r| r.domain_names = some("A.example.com:80, b.example.com.")), None);
}

#[test]
fn a_month_is_one_where_clocks_change() {
    for (zone, start, end, expected) in [
        ("Europe/Berlin", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", None),
        ("Europe/Berlin", "2026-09-30T22:00:00Z", "2026-10-31T23:00:01Z", Some(Code::InvalidTimeRange)),
        ("UTC", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", Some(Code::InvalidTimeRange)),
        ("Europe/Berlin", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", None),
        ("Mars", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", Some(Code::InvalidTimeRange)),
    ] {
        let times = |r: &mut ExportRequest| {
            (r.time_zone, r.start_time, r.end_time) = (some(zone), some(start), some(end));
        };
        assert_eq!(code(times), expected, "{zone} {start} {end}");
    }
}

#[test]
fn the_account_comes_first() {
    for (status, expected) in
        [(AccountStatus::NotOpen, Code::NotOpen), (AccountStatus::Suspended, Code::Suspended)]
    {
        let account = Account { status, ..account() };
        let refusal = validate(&ExportRequest::default(), &account, Language::EnUs).unwrap_err();
        assert_eq!((refusal.code, refusal.code.wire()), (expected, "OperationDenied"));
    }
}

#[test]
fn a_group_overrides_names() {
    let request = ExportRequest { group: some("shop"), domain_names: some("??"), ..request() };
    let spec = validate(&request, &account(), Language::EnUs).unwrap();
    assert_eq!(spec.scope, Scope::Group("shop".into()));
    assert!(spec.selection.contains("z.img.example.com") && !spec.selection.contains("b.example.com"));
}
