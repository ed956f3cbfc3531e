use super::*;
use crate::contract::request::AccountStatus;
use crate::domain::{Domain, Pattern};
use crate::log::Format;
use crate::region::Region;
use crate::report::RejectLimit;
use crate::schedule::range::RangeRule;
use crate::time::Zone;
use std::time::Duration;

const WHOLE: &str = r#"
[account]
id = 1234
status = "active"
domains = ["a.com", "*.b.com"]
history_days = 365
[groups]
shop = ["a.com"]
[store]
path = "usage.db"
lock_timeout = "90s"
[[source]]
paths = ["logs/**/*.gz", "/more/"]
format = "alibaba"
region = "cn"
domain = "WWW.example.com"
[[source]]
paths = "other"
[ingest]
keep_going = true
max_rejects = 100
empty_is_delivered = true
[output]
folder = "reports"
keep_days = 90
keep_last = 12
[[task]]
name = "daily"
type = "flow"
range = "yesterday"
time_zone = "Asia/Shanghai"
group = "shop"
language = "zh-cn"
traffic_factor = 1.10
bill_type = "month_95"
output = "{start:%Y/%m}/{name}.xlsx"
require_complete = true
settle = "24h"
refresh = false
[[task]]
name = "March"
type = "vas"
range = "2026-03-01T00:00:00Z/2026-04-01T00:00:00Z"
domain_names = ["a.com", "x.b.com"]
traffic_factor = "1.1"
"#;

fn account_of(text: &str) -> Result<Account> {
    parse(text).and_then(|tables| account::account(&tables.account, &tables.groups))
}

fn plan_of(text: &str) -> Result<Plan> {
    parse(text).and_then(|tables| plan::plan(&tables, text, Path::new("conf")))
}

#[test]
fn a_whole_account() {
    let account = account_of(
        "[account]\nid = 1234\nstatus = \"suspended\"\ndomains = [\"a.com\", \"*.b.com\"]\n[groups]\nshop = [\"a.com\"]",
    );
    let account = account.unwrap();
    assert_eq!((account.id.as_deref(), account.status), (Some("1234"), AccountStatus::Suspended));
    assert!(account.domains.contains("x.b.com") && !account.domains.contains("c.com"));
    assert_eq!(account.groups["shop"], [Pattern::parse("a.com").unwrap()]);
}

#[test]
fn what_is_absent_is_open() {
    let account = account_of("").unwrap();
    assert!(account.domains.contains("any.com") && account.status == AccountStatus::Active);
}

#[test]
fn mistakes_of_the_account_are_named() {
    for (text, expected) in [
        ("[acount]", "acount"),
        ("[account]\nstate = 1", "state"),
        ("[account]\nstatus = \"open\"", "open"),
        ("[account]\nstatus = 5", "line 2, column 10: status must be text in quotes"),
        (
            "account = 1979-05-27",
            "line 1, column 11: account is a table; write [account] on a line of its own",
        ),
        ("[account]\nid = \"x1\"", "x1"),
        ("[account]\nid = true", "digits"),
        ("[account]\ndomains = [\"a b\"]", "a b"),
        ("[groups]\nshop = [\"a.*.com\"]", "shop"),
        ("groups = 5", "groups"),
        ("= nonsense", "1"),
    ] {
        let error = account_of(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
}

#[test]
fn a_whole_plan() {
    let plan = plan_of(WHOLE).unwrap();
    assert_eq!(
        (plan.store.as_path(), plan.lock_timeout),
        (Path::new("conf/usage.db"), Duration::from_secs(90))
    );
    let [logs, other] = plan.sources.as_slice() else { panic!("two sources") };
    assert_eq!(logs.arguments, [Path::new("conf/logs/**/*.gz"), Path::new("/more/")]);
    assert_eq!(
        (logs.search.reading.format, logs.search.reading.region),
        (Format::Alibaba.into(), Region::Cn)
    );
    assert_eq!(logs.search.reading.domain, Domain::new(b"www.example.com"));
    assert_eq!(
        (other.arguments.as_slice(), other.search.reading.region),
        (&["conf/other".into()][..], Region::Unspecified)
    );
    assert_eq!((plan.keep_going, plan.max_rejects), (true, RejectLimit::Lines(100)));
    assert!(plan.empty_is_delivered);
    assert_eq!(plan.output.folder, Path::new("conf/reports"));
    assert_eq!((plan.output.keep_days, plan.output.keep_last), (Some(90), Some(12)));
    assert_eq!((plan.history_days, plan.account.id.as_deref()), (Some(365), Some("1234")));
    let [daily, march] = plan.tasks.as_slice() else { panic!("two tasks") };
    assert_eq!((daily.name.as_str(), daily.range), ("daily", RangeRule::Yesterday));
    assert_eq!(Some(daily.zone), Zone::parse("Asia/Shanghai"));
    assert_eq!(
        (daily.settle, daily.needs.is_some(), daily.refresh),
        (Duration::from_secs(86_400), true, false)
    );
    assert_eq!(daily.pattern.to_string(), "{start:%Y/%m}/{name}.xlsx");
    let request = daily.request_over((1_772_294_400, 1_772_380_800));
    assert_eq!(request.start_time.as_deref(), Some("2026-02-28T16:00:00Z"));
    assert_eq!(
        (request.task_name.as_deref(), request.traffic_factor.as_deref()),
        (Some("daily"), Some("1.10"))
    );
    assert_eq!(march.request.domain_names.as_deref(), Some("a.com,x.b.com"));
    assert_eq!(march.request.traffic_factor.as_deref(), Some("1.1"));
    assert_eq!((march.settle, march.needs.is_some(), march.refresh), (Duration::ZERO, false, true));
    assert_eq!(march.pattern.to_string(), "{name}_{type}_{start:%Y-%m-%d}.xlsx");
    let spec = march.spec(march.range_at(0), &plan.account, crate::locale::Language::EnUs).unwrap();
    assert_eq!(spec.asked, (1_772_323_200, 1_775_001_600));
}

#[test]
fn what_a_plan_leaves_out() {
    let plan = plan_of("[store]\npath = \"/var/usage.db\"").unwrap();
    assert_eq!(
        (plan.store.as_path(), plan.lock_timeout),
        (Path::new("/var/usage.db"), Duration::from_secs(60))
    );
    assert!(plan.sources.is_empty() && plan.tasks.is_empty() && plan.keep_going && !plan.empty_is_delivered);
    assert_eq!((plan.max_rejects, plan.history_days), (RejectLimit::DEFAULT, None));
    assert_eq!(plan.output.folder, Path::new("conf/"));
    assert_eq!((plan.output.keep_days, plan.output.keep_last), (None, None));
}

#[test]
fn durations_are_spelt_as_in_options() {
    for text in ["0s", "500ms", "90s", "5m", "24h", "7d"] {
        let file =
            format!("[store]\npath = \"usage.db\"\nlock_timeout = {text:?}\n[ingest]\nmin_age = {text:?}\n");
        let plan = plan_of(&file).unwrap();
        let option = crate::cli::duration::option(text).unwrap();
        assert_eq!([plan.lock_timeout, plan.min_age], [option, option], "{text}");
    }
    for text in ["", "5", "1w", "-1s", "1.5s", "1 s", "+1s"] {
        assert!(
            plan_of(&format!("[store]\npath = \"usage.db\"\nlock_timeout = {text:?}\n")).is_err(),
            "{text}"
        );
        assert!(crate::cli::duration::option(text).is_err(), "{text}");
    }
}

#[test]
fn an_export_reads_the_file_of_a_run() {
    assert_eq!(account_of(WHOLE).unwrap().id.as_deref(), Some("1234"));
    // What only a run needs is judged there.
    assert!(account_of("[[task]]\nname = \"daily\"").is_ok());
    assert!(account_of("[[task]]\nnome = \"daily\"").is_err());
}

#[test]
fn numbers_are_read_as_they_are_spelt() {
    for (spelt, expected) in [
        ("1.1", Some("1.1")),
        ("1.100000", Some("1.100000")),
        ("'0.000001'", Some("0.000001")),
        ("2", Some("2")),
        ("0.123457", Some("0.123457")),
        ("1e1", None),
        ("1_0.5", None),
        ("-1.5", None),
        ("nan", None),
        ("true", None),
    ] {
        // Behind a byte order mark and letters of several bytes, too.
        for before in ["", "\u{feff}", "# \u{8d26}\u{5355}\n"] {
            let text = format!(
                "{before}[store]\npath = \"a.db\"\n[[task]]\nname = \"t\"\ntype = \"flow\"\nrange = \"today\"\ntraffic_factor = {spelt}"
            );
            let plan = plan_of(&text);
            let factor = plan.as_ref().ok().and_then(|plan| plan.tasks[0].request.traffic_factor.as_deref());
            assert_eq!(factor, expected, "{spelt}");
            if let Err(error) = plan {
                assert!(error.to_string().contains(&format!("is {spelt:?}")), "{spelt}: {error}");
            }
        }
    }
}

#[test]
fn mistakes_outside_tasks_are_named() {
    for (text, expected) in [
        ("", &["[store] path is missing"][..]),
        ("[store]\npath = \"\"", &["[store] path is empty"]),
        ("[store]\npath = 5", &["line 2, column 8: path must be text in quotes: path = \"5\""]),
        ("[store]\npath = \"$NO_SUCH_VARIABLE/u.db\"", &["[store] path is", "NO_SUCH_VARIABLE is not set"]),
        ("[stroe]\npath = \"a\"", &["line 3, column 2: unknown key \"stroe\"; did you mean \"store\"?"]),
        ("[source]\npaths = \"a\"", &["line 3, column 1", "write [[source]], with two brackets"]),
        ("[task]\nname = \"a\"", &["line 3, column 1", "write [[task]], with two brackets"]),
        ("[[output]]\nfolder = \"a\"", &["line 3", "write [output], with one bracket"]),
        (
            "output = \"a\"\n[store]\npath = \"a\"",
            &["line 1, column 10", "output is a table; write [output]"],
        ),
        ("[groups]\nshop = \"a.com\"", &["line 4, column 8", "shop is a list; write shop = [\"a.com\"]"]),
        ("[groups]\nshop = 1979-05-27", &["line 4, column 8: shop is 1979-05-27; a sequence is expected"]),
        ("[output]\nfolder = [\"a\"]", &["line 4", "folder is one text, not a list; write folder = \"a\""]),
        ("[output]\nkeep_days = \"9\"", &["line 4", "keep_days is a whole number", "without quotes"]),
        ("[output]\nmetrics = \"a.txt\"", &["[output] metrics is \"a.txt\"", "ends in .prom"]),
        ("[ingest]\nmin_age = five # minutes", &["line 4, column 11", "write min_age = \"five\""]),
        ("[output]\nfolder = true_reports", &["line 4", "write folder = \"true_reports\""]),
        ("[ingest]\nmin_age = 5", &["line 4, column 11", "min_age = \"5m\""]),
        ("[ingest]\nmin_age = -5", &["write min_age = \"24m\", say"]),
        ("[store]\npath = \"a\"\nlock_timeout = 60", &["write lock_timeout = \"60s\""]),
        ("[[task]]\nwait_at_most = 72", &["write wait_at_most = \"72h\""]),
        ("[ingest]\nmin_age = \"5 min\"", &["[ingest] min_age is \"5 min\""]),
        ("[store]\npath = \"a\"\nlock_timeout = \"1w\"", &["[store] lock_timeout is \"1w\"", "24h"]),
        ("[store]\npath = \"a\"\nlock_timeout = \"s\"", &["[store] lock_timeout is \"s\""]),
        ("[store]\npath = \"a\"\nlock_timeout = \"367d\"", &["366d"]),
        (
            "[store]\npath = \"a\"\nlock = \"1s\"",
            &["line 3, column 1: unknown key \"lock\"; known here: path, lock_timeout"],
        ),
        ("[[source]]\nregion = \"CN\"", &["[[source]] 1: paths is missing"]),
        ("[[source]]\npaths = []", &["[[source]] 1: paths is missing or empty"]),
        ("[[source]]\npaths = 5", &["line", "an array of texts"]),
        ("[[source]]\npaths = \"a\"\n[[source]]\npaths = [\"-\"]", &["[[source]] 2: paths has \"-\""]),
        ("[[source]]\npaths = \"a\"\nformat = \"alibba\"", &["did you mean \"alibaba\"?"]),
        (
            "[[source]]\npaths = \"a\"\nformat = \"nginxx\"",
            &["[[source]] 1: format is \"nginxx\"", "alibaba"],
        ),
        ("[[source]]\npaths = \"a\"\nregion = \"XX\"", &["region is \"XX\"", "CN, NA"]),
        ("[[source]]\npaths = \"a\"\ndomain = \"*.a.com\"", &["domain is \"*.a.com\"", "www.example.com"]),
        ("[ingest]\nmax_rejects = \"150%\"", &["[ingest] max_rejects is \"150%\"", "0.1%"]),
        ("[ingest]\nmax_rejects = 0.5", &["[ingest] max_rejects is \"0.5\""]),
        ("[ingest]\nkeep_going = \"yes\"", &["line 4", "write keep_going = true or keep_going = false"]),
        ("[output]\nkeep_days = 0", &["[output] keep_days is 0"]),
        ("[output]\nkeep_days = -1", &["keep_days is a whole number, from 1 and"]),
        ("[output]\nkeep_days = 99999999999", &["keep_days is 99999999999, which is too large"]),
        ("[output]\nkeep_last = 0", &["[output] keep_last is 0"]),
        ("[output]\nkeep_last = -1", &["line", "keep_last", "-1"]),
        ("[account]\nhistory_days = 0", &["[account] history_days is 0"]),
    ] {
        let store = if text.is_empty() || text.contains("[store]") { "" } else { "[store]\npath = \"a\"\n" };
        let error = plan_of(&format!("{store}{text}")).unwrap_err().to_string();
        assert!(expected.iter().all(|part| error.contains(part)), "{text}: {error}");
    }
}

#[test]
fn mistakes_in_tasks_are_named() {
    let task = |lines: &str| format!("[[task]]\nname = \"second\"\n{lines}");
    let good = "type = \"flow\"\nrange = \"yesterday\"\n";
    for (text, expected) in [
        ("[[task]]\ntype = \"flow\"".into(), &["[[task]] 2: name is missing"][..]),
        ("[[task]]\nname = \" \"".into(), &["[[task]] 2: name is empty"]),
        (format!("[[task]]\nname = \"first\"\n{good}"), &["[[task]] \"first\": name is the name of another"]),
        (task("type = \"flow\"\nrange = \"last-mnth\""), &["did you mean \"last-month\"?"]),
        (task("type = \"flwo\"\nrange = \"today\""), &["did you mean \"flow\"?"]),
        (
            task(&format!("{good}quiet = [\"a.com\"]")),
            &["\"second\": quiet has no effect without require_complete"],
        ),
        (task(&format!("{good}require_complete = true\nquiet = [\"a b\"]")), &["quiet has \"a b\""]),
        (task(&format!("{good}wait_at_most = \"3\"")), &["\"second\": wait_at_most is \"3\""]),
        (
            task(&format!("{good}settle = \"2d\"\nwait_at_most = \"24h\"")),
            &["\"second\": wait_at_most is shorter than settle"],
        ),
        (task("type = \"flow\""), &["[[task]] \"second\": range is missing", "last-month"]),
        (
            task("type = \"flow\"\nrange = \"last week\""),
            &["\"second\": range is \"last week\"", "last-7-days"],
        ),
        (
            task("type = \"flow\"\nrange = \"2026-03-01T00:00:00Z/2026-04-02T00:00:00Z\""),
            &["InvalidTimeRange", "[[task]] \"second\": ", "31 days"],
        ),
        (task("range = \"today\""), &["InvalidParameter", "[[task]] \"second\": Type is missing"]),
        (task("range = \"today\"\ntype = \"\""), &["\"second\": type is empty"]),
        (task("range = \"today\"\ntype = \"Flow\""), &["\"second\": Type is \"Flow\"", "vas"]),
        (
            task(&format!("{good}time_zone = \"Mars\"")),
            &["\"second\": time_zone is \"Mars\"", "Asia/Shanghai"],
        ),
        (task(&format!("{good}group = \"sale\"")), &["\"second\": group is \"sale\"; known are: shop"]),
        (task(&format!("{good}group = \"shop\"\ndomain_names = \"a.com\"")), &["group and domain_names"]),
        (task(&format!("{good}domain_names = []")), &["\"second\": domain_names has no name"]),
        (task(&format!("{good}domain_names = [\"z.com\"]")), &["IllegalOperation", "\"second\"", "z.com"]),
        (task(&format!("{good}domain_names = 5")), &["domain_names", "an array of texts"]),
        (task(&format!("{good}language = \"fr\"")), &["\"second\": Language is \"fr\"", "zh-cn"]),
        (task(&format!("{good}traffic_factor = 0.0")), &["\"second\": The traffic factor is \"0.0\""]),
        (
            task(&format!("{good}bill_type = \"month_96\"")),
            &["InvalidParameterBillType", "\"second\": BillType"],
        ),
        (
            task(&format!("{good}output = \"{{nmae}}.xlsx\"")),
            &["\"second\": output is", "unknown field {nmae}"],
        ),
        (task(&format!("{good}output = \"../x.xlsx\"")), &["\"second\": output is \"../x.xlsx\"; it has"]),
        (task(&format!("{good}output = \"first_flow_{{start:%Y-%m-%d}}.xlsx\"")), &["of task \"first\""]),
        (task(&format!("{good}settle = \"1 h\"")), &["[[task]] \"second\": settle is \"1 h\"", "24h"]),
        (task(&format!("{good}refresh = 1")), &["line", "write refresh = true or refresh = false"]),
        (task(&format!("{good}zone = \"UTC\"")), &["line", "unknown key \"zone\"", "time_zone"]),
        (task(&format!("{good}langauge = \"en-us\"")), &["did you mean \"language\"?"]),
    ] {
        let first = format!("[groups]\nshop = [\"a.com\"]\n[[task]]\nname = \"first\"\n{good}");
        let text = format!("[account]\ndomains = [\"a.com\"]\n[store]\npath = \"a\"\n{first}{text}");
        let error = plan_of(&text).unwrap_err().to_string();
        assert!(expected.iter().all(|part| error.contains(part)), "{text}: {error}");
    }
}

#[test]
fn what_has_no_end_is_said_with_what_to_write() {
    for (text, expected) in [
        (
            "x = \"a",
            "line 1, column 7: the text of x has no quote at its end; write one there\n  x = \"a\n        ^",
        ),
        ("x = 'a\n[ingest]", "line 1, column 7: the text of x has no quote at its end"),
        ("x = a\"", "line 1, column 5: the text of x has no quote before it"),
        ("x = \"\"\"a", "a text that begins with three quotes has no end"),
        ("x = [\"a\", \"b\"\n[ingest]", "line 2, column 1: a list has no end here"),
        ("[ingest\nx = 1", "line 1, column 8: the name of a table has no end; write [ingest]"),
        ("[[task]\nx = 1", "write [[task]]"),
        ("x \"a\"", "x has no value; write x = and its value behind that"),
        ("x =", "x has no value; write one behind the equals sign"),
        ("x = \"C:\\logs\"", "write single quotes around the text of x"),
        ("x = \u{201c}a\u{201d}", "write x = \"a\""),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn files_are_named_in_errors_and_paths_follow_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("a[1]");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("flowbook.toml");
    std::fs::write(&file, "[store]\npath = \"a\"\n[[source]]\npaths = [\"logs\", \"*.gz\", \"/x/*.gz\"]")
        .unwrap();
    let plan = plan(&file).unwrap();
    assert_eq!(plan.store, folder.join("a"));
    // What the folder's own name says is no glob.
    let quoted = folder.to_str().unwrap().replace("a[1]", "a[[]1[]]");
    let expected = [folder.join("logs"), Path::new(&quoted).join("*.gz"), "/x/*.gz".into()];
    assert_eq!(plan.sources[0].arguments, expected);
    std::fs::write(&file, "[store]\npath = \"a\"\nx = 1").unwrap();
    let error = super::plan(&file).unwrap_err().to_string();
    assert!(error.starts_with(&format!("{}: ", file.display())), "{error}");
    let error = super::plan(&folder.join("none.toml")).unwrap_err().to_string();
    assert!(error.contains("none.toml: cannot read the configuration"), "{error}");
}

#[test]
fn a_configuration_is_known_by_its_tables() {
    let error = toml::from_str::<super::tables::Tables>("nothing = 1").unwrap_err().to_string();
    let (_, expected) = error.split_once("expected one of ").unwrap();
    let names: Vec<&str> = expected.split('`').skip(1).step_by(2).collect();
    assert!(names.len() > 5, "{error}");
    for name in names {
        let is_of = |table: &str| table.trim_matches(['[', ']']) == name;
        assert!(crate::output::TABLES.iter().any(|table| is_of(table)), "{name}");
    }
}
