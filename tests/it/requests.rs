//! Every row of the contract's error table, through the command line. Throttling is the service's own.

use super::harness::{Place, line};

const CONFIG: &str =
    "[account]\nid = \"1234\"\ndomains = [\"a.com\", \"b.com\"]\n[groups]\nshop = [\"a.com\"]\n";

fn place() -> Place {
    let place = Place::new();
    place.write("a.log", line("1/Mar/2026:08:00:00 +0800", "a.com", 300));
    place.write("flowbook.toml", CONFIG);
    place.write("closed.toml", "[account]\nstatus = \"not_open\"\n");
    place.write("suspended.toml", "[account]\nstatus = \"suspended\"\n");
    place
}

/// Refused with a code and its message; the detail names what was wrong; no file appears.
#[track_caller]
fn refused(more: &[&str], code: &str, message: &str, detail: &str) {
    let place = place();
    let mut arguments = vec!["a.log", "--config", "flowbook.toml"];
    if more.contains(&"--config") {
        arguments.truncate(1);
    }
    arguments.extend(more);
    let done = place.export(&arguments, 2);
    done.says(&[&format!("{code}: {message}\n"), detail]);
    assert!(!place.exists("out.xlsx") && done.stdout.is_empty());
    arguments.push("--json");
    let json = place.export(&arguments, 2).json();
    assert_eq!((json["Code"].as_str(), json["Message"].as_str()), (Some(code), Some(message)));
}

/// As the last argument wins nowhere: a request whose times are given here only.
#[track_caller]
fn refused_times(times: &[&str], code: &str, message: &str, detail: &str) {
    let place = place();
    let mut arguments = vec!["export", "a.log", "--type", "flow", "--output", "out.xlsx"];
    arguments.extend(times);
    place.run(&arguments, 2).says(&[&format!("{code}: {message}\n"), detail]);
    assert!(!place.exists("out.xlsx"));
}

#[test]
fn illegal_operation() {
    let message = "Illegal domain, operation is not permitted.";
    refused(&["--domain-names", "c.com"], "IllegalOperation", message, "c.com");
    refused(&["--domain-names", "a.com,no domain"], "IllegalOperation", message, "no domain");
}

#[test]
fn operation_denied() {
    let open = "Your account does not open Cdn service yet.";
    refused(&["--config", "closed.toml"], "OperationDenied", open, "not_open");
    let suspended = "Your Cdn service is suspended.";
    refused(&["--config", "suspended.toml"], "OperationDenied", suspended, "suspended");
}

#[test]
fn invalid_parameter() {
    for (arguments, detail) in [
        (["--type", "bandwidth"], "Type is \"bandwidth\""),
        (["--type", ""], "Type is missing"),
        (["--language", "fr-fr"], "Language is \"fr-fr\""),
        (["--group", "nobody"], "Group \"nobody\" is not known; groups: shop"),
        (["--domain-names", ","], "DomainNames"),
        (["--time-zone", "Mars/Base"], "time zone is \"Mars/Base\""),
        (["--traffic-factor", "-1"], "traffic factor is \"-1\""),
    ] {
        let arguments = arguments.map(|a| if a == "-1" { "--traffic-factor=-1" } else { a });
        let arguments: Vec<&str> =
            if arguments[1].starts_with("--traffic") { vec![arguments[1]] } else { arguments.to_vec() };
        refused(&arguments, "InvalidParameter", "Invalid Parameter.", detail);
    }
    refused(
        &["--task-name", &"n".repeat(257)],
        "InvalidParameter",
        "Invalid Parameter.",
        "TaskName has 257 bytes",
    );
}

#[test]
fn invalid_optional_parameters() {
    for (name, value) in [
        ("Product", "dcdn"),
        ("Dimension", "vas"),
        ("BillType", "month_96"),
        ("Aliuid", "12x4"),
        ("Aliuid", "99"),
        ("Operator", "no spaces"),
    ] {
        let flag = match name {
            "BillType" => "--bill-type".to_owned(),
            name => format!("--{}", name.to_lowercase()),
        };
        let (code, message) = (format!("InvalidParameter{name}"), format!("Invalid Parameter {name}."));
        refused(&[&flag, value], &code, &message, value);
    }
}

#[test]
fn invalid_times() {
    let start = ("InvalidParameterStartTime", "Invalid Parameter StartTime.");
    let end = ("InvalidParameterEndTime", "Invalid Parameter EndTime.");
    let good = ["--start-time", "2026-03-01T00:00:00Z", "--end-time", "2026-03-02T00:00:00Z"];
    for wrong in ["2026-02-30T00:00:00Z", "2026-03-32", "2026-03-01T00:00:00+25:00", "now", ""] {
        refused_times(&["--start-time", wrong, good[2], good[3]], start.0, start.1, "2026-03-01T00:00:00Z");
        refused_times(&[good[0], good[1], "--end-time", wrong], end.0, end.1, "2026-03-01T00:00:00Z");
    }
    refused_times(&good[2..], start.0, start.1, "StartTime is missing");
    refused_times(&good[..2], end.0, end.1, "EndTime is missing");
    refused_times(&["--range", "lastmonth"], start.0, start.1, "last-month");
    refused_times(&["--month", "march"], start.0, start.1, "2026-03");
}

/// Times as people write them, and the range that they mean.
#[test]
fn times_of_every_kind() {
    let place = Place::new();
    place.write("a.log", line("01/Mar/2026:00:00:01 +0000", "a.com", 1));
    let day = ("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z");
    for (more, (start, end)) in [
        (vec!["--start-time", "2026-03-01", "--end-time", "2026-03-01"], day),
        (vec!["--start-time", "2026-03-01T08:00+08:00", "--end-time", "2026-03-02 00:00Z"], day),
        (vec!["--range", "2026-03-01/2026-03-01"], day),
        (vec!["--month", "2026-02"], ("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z")),
        (
            vec!["--month", "2026-03", "--time-zone", "Asia/Shanghai"],
            ("2026-02-28T16:00:00Z", "2026-03-31T16:00:00Z"),
        ),
        (
            vec!["--start-time", "2026-03-01 00:00", "--end-time", "2026-03-01", "--time-zone", "+08:00"],
            ("2026-02-28T16:00:00Z", "2026-03-01T16:00:00Z"),
        ),
    ] {
        let arguments = ["export", "a.log", "--type", "flow", "--json", "--force", "-o", "o.xlsx"];
        // In one month nothing is there.
        let code = if more.contains(&"2026-02") { 3 } else { 0 };
        let json = place.run(&[&arguments[..], &more].concat(), code).json();
        assert_eq!((&json["StartTime"], &json["EndTime"]), (&start.into(), &end.into()), "{more:?}");
    }
    // The zone of the environment, in the range and in the name of the file.
    let mut command = place.command();
    command.args(["export", "a.log", "--type", "flow", "--month", "2026-03", "--quiet"]);
    assert!(command.env("FLOWBOOK_TIME_ZONE", "Asia/Shanghai").status().unwrap().success());
    assert!(place.exists("flow_20260301T000000+0800_20260401T000000+0800.xlsx"), "{:?}", place.names());
    // What is set is not passed over because it is not text.
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let mut command = place.command();
        command.args(["export", "a.log", "--type", "flow", "--month", "2026-04", "--quiet"]);
        let zone = std::ffi::OsStr::from_bytes(b"Asia/Shanghai\xa0");
        let output = command.env("FLOWBOOK_TIME_ZONE", zone).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("The time zone is \"Asia/Shanghai\u{fffd}\""), "{told}");
    }
    let both = ["export", "a.log", "--type", "flow", "--month", "2026-03", "--range", "today", "--json"];
    assert_eq!(place.run(&both, 2).json()["Code"], "InvalidParameter");
}

#[test]
fn a_workbook_for_each_month() {
    let place = Place::new();
    let log =
        ["31/Jan/2026:12", "28/Feb/2026:12"].map(|hour| line(&format!("{hour}:00:00 +0000"), "a.com", 5));
    place.write("a.log", log.concat());
    let months = ["export", "a.log", "--type", "flow", "--months", "2026-01..2026-03"];
    let pattern = ["-o", "out/{start:%Y-%m}/usage {type}.xlsx", "--json"];
    // In the last one nothing is there.
    let json = place.run(&[&months[..], &pattern].concat(), 3).json();
    for (at, (month, bytes)) in [("2026-01", 5), ("2026-02", 5), ("2026-03", 0)].into_iter().enumerate() {
        assert!(place.exists(&format!("out/{month}/usage flow.xlsx")));
        assert_eq!(json["tasks"][at]["key_figures"]["total_traffic_bytes"], bytes);
        assert_eq!(json["tasks"][at]["StartTime"], format!("{month}-01T00:00:00Z"));
    }
    place.run(&months, 3);
    assert!(place.exists("flow_20260201T000000Z_20260301T000000Z.xlsx"));
    place.run(&[&months[..], &["-o", "{type}.xlsx"]].concat(), 2).says(&["for several months"]);
    place.run(&[&months[..], &["-o", "one.xlsx"]].concat(), 2).says(&["{start:%Y-%m}"]);
    place.run(&["export", "a.log", "--type", "flow", "--months", "2026-03..2026-01"], 2).says(&["--months"]);
}

#[test]
fn invalid_time_range() {
    let message = "StartTime and EndTime range should less than 1 month.";
    let range = |start, end, detail| {
        refused_times(&["--start-time", start, "--end-time", end], "InvalidTimeRange", message, detail);
    };
    range("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z", "not later");
    range("2026-03-01T00:00:00Z", "2026-02-01T00:00:00Z", "not later");
    range("2026-03-01T00:00:00Z", "2026-04-01T00:00:01Z", "31 days");
}

#[test]
fn arguments_that_cannot_be_meant() {
    let place = place();
    for (more, part) in [
        (&["--config", "none.toml"][..], "none.toml: cannot read the configuration"),
        (&["--region", "XX"], "--region"),
        (&["--max-rejects", "101%"], "--max-rejects"),
        (&["--threads", "many"], "--threads"),
        (&["--frobnicate"], "--frobnicate"),
        (&["--output", "nowhere/out.xlsx"], "out.xlsx"),
    ] {
        let mut arguments = vec!["export", "a.log", "--type", "flow", "--start-time", "2026-03-01T00:00:00Z"];
        arguments.extend(["--end-time", "2026-03-02T00:00:00Z"]);
        arguments.extend(more);
        let code = if part == "out.xlsx" { 1 } else { 2 };
        place.run(&arguments, code).says(&[part]);
    }
    assert_eq!(place.names(), ["a.log", "closed.toml", "flowbook.toml", "suspended.toml"]);
}

#[test]
fn a_good_request_echoes_its_range() {
    let place = place();
    let json = place.export(&["a.log", "--config", "flowbook.toml", "--group", "shop", "--json"], 0).json();
    assert_eq!(json["StartTime"], "2026-03-01T00:00:00Z");
    assert_eq!(json["EndTime"], "2026-03-02T00:00:00Z");
    assert!(json["TaskId"].as_str().unwrap().bytes().all(|b| b.is_ascii_digit()));
    assert_eq!(json["RequestId"].as_str().unwrap().len(), 36);
    assert_eq!(json["key_figures"]["total_traffic_bytes"], 300);
    assert_eq!(json["counts"]["accepted"], 1);
}
