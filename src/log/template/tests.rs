use super::*;
use crate::log::field::Rules;
use crate::log::stamp::Minute;
use proptest::prelude::*;

const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;

/// What a line says: time, host, bytes, protocol, status, cache result; or where it is not as the template says.
fn read(template: &str, line: &str) -> String {
    let template = match Template::parse(template, &[]) {
        Ok(template) => template,
        Err(mistake) => return format!("{}: {}", mistake.at, mistake.what),
    };
    match template.values(line.as_bytes()) {
        Err(at) => format!("not from {at} on"),
        Ok(values) => match Rules::default().record(&values, &mut Minute::default()) {
            Ok(Some(record)) => {
                let host = record.host.map(|host| String::from_utf8_lossy(host).into_owned());
                let status = record.status.unwrap_or_default();
                let (protocol, cache) = (record.protocol, record.cache);
                format!("{} {host:?} {} {protocol:?} {status} {cache:?}", record.time, record.bytes)
            }
            other => format!("{other:?}"),
        },
    }
}

#[test]
fn templates_are_read_as_they_stand_in_configurations() {
    let pieces = "log_format main '$remote_addr - $remote_user [$time_local] \"$request\" ' # who and what\n\t'$status \
                  $body_bytes_sent \"$http_referer\" \"$http_user_agent\" '\n  '\"$host\" $upstream_cache_status $scheme';";
    let json = r#"log_format j escape=json '{"t":"$time_iso8601","h":"$host","u":"$http_user_agent","b":$bytes_sent,"s":"$scheme"}';"#;
    let debian =
        r#"LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\"" vhost_combined"#;
    let custom = r#"CustomLog "/var/log/apache2/access.log" "%{%s}t %{msec}t %!200,304{Host}i %b %H""#;
    for (template, line, expected) in [
        (
            COMBINED,
            r#"1.2.3.4 - - [22/Nov/2021:00:18:22 +0000] "GET / HTTP/1.1" 200 1916 "-" "x""#,
            "1637540302 None 1916 Other 200 Unknown",
        ),
        (
            COMBINED,
            r#"1.2.3.4 - a [b [22/Nov/2021:00:18:22 +0000] "GET https://a.com/ HTTP/3.0" 200 1916 "unclosed"#,
            "BadTime",
        ),
        (
            COMBINED,
            r#"1.2.3.4 - a b [22/Nov/2021:00:18:22 +0000] "GET https://a.com/ HTTP/3.0" 200 1916 "unclosed"#,
            r#"1637540302 Some("a.com") 1916 Quic 200 Unknown"#,
        ),
        // A number that is cut off is not known to be whole.
        (COMBINED, r#"1.2.3.4 - - [22/Nov/2021:00:18:22 +0000] "\x16\x03" 400 19"#, "not from 56 on"),
        (
            COMBINED,
            "\u{1}1.2.3.4 - - [22/Nov/2021:00:18:22 +0000] \"GET / HTTP/1.1\" 200 1 \"-\"",
            "not from 0 on",
        ),
        (
            pieces,
            r#"1.2.3.4 - - [22/Nov/2021:00:18:22 +0000] "GET / HTTP/1.1" 200 1916 "-" "x" "a.com" HIT https"#,
            r#"1637540302 Some("a.com") 1916 Https 200 Hit"#,
        ),
        (
            json,
            r#"{"t":"2021-11-22T00:18:22+00:00","h":"a.com","u":"\"q\\","b":77,"s":"https"}"#,
            r#"1637540302 Some("a.com") 77 Https 0 Unknown"#,
        ),
        (
            debian,
            r#"a.com:443 1.2.3.4 - - [22/Nov/2021:00:18:22 +0000] "GET /\" HTTP/1.1" 304 - "-" "-""#,
            r#"1637540302 Some("a.com") 0 Https 304 Unknown"#,
        ),
        (custom, "x 1637540302999 a.com 7 HTTP/2", r#"1637540302 Some("a.com") 7 Other 0 Unknown"#),
        (
            "$time_local $host $bytes_sent",
            "22/Nov/2021:00:18:22 +0000 a.com 78",
            r#"1637540302 Some("a.com") 78 Other 0 Unknown"#,
        ),
        (
            "[$time_local] \"$request_method $scheme://$http_host$uri$is_args$args $server_protocol\" $bytes_sent",
            "[22/Nov/2021:00:18:22 +0000] \"GET https://a.com/x?q HTTP/2.0\" 78",
            r#"1637540302 Some("a.com") 78 Https 0 Unknown"#,
        ),
        (
            "$msec|$status|$bytes_sent|$ssl_protocol",
            "1637540302.123|-|5|TLSv1.3",
            "1637540302 None 5 Https 0 Unknown",
        ),
        ("${msec} 100% $bytes_sent", "1637540302.123 100% 5", "1637540302 None 5 Other 0 Unknown"),
        ("%{sec}t %% %b", "1637540302 % -", "1637540302 None 0 Other 0 Unknown"),
    ] {
        let found = read(template, line);
        assert!(found == expected || found == format!("Err({expected})"), "{template}\n{line}\n{found}");
    }
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (template, expected) in [
        ("[$time_local] $host$bytes_sent", "19: $bytes_sent follows $host with nothing between"),
        ("%t %v%b", "5: %b follows %v with nothing between"),
        ("[$time_local] $host", "0: says nowhere the bytes of a response; add $bytes_sent"),
        ("%h %b", "0: says nowhere a time; add %t"),
        ("log_format a '$host", "13: a quote that is not closed"),
        ("log_format a escape=xml '$host'", "13: escape is default, json or none"),
        ("log_format a;", "0: holds no format in quotes"),
        ("%h %{x", "3: a brace that is not closed"),
        ("$msec ${x", "6: a brace that is not closed"),
        ("%h %", "3: no letter follows the percent sign"),
        (" plain", "1: holds neither a $variable of nginx nor a %directive of Apache"),
    ] {
        let found = read(template, "");
        assert!(found.starts_with(expected), "{template}: {found}");
    }
}

/// Behind the last field that is needed anything may stand where two fields have nothing between them.
#[test]
fn what_is_not_needed_may_be_uncertain() {
    let expected = "1637540302 None 5 Other 0 Unknown";
    assert_eq!(read("$msec $bytes_sent $a$b", "1637540302 5 x"), expected);
}

proptest! {
    /// What a server writes is found again.
    #[test]
    fn values_are_found_where_they_were_written(
        user in "[a-z \\.@]{1,9}",
        request in "[^\"\n]{0,30}",
        status in 100u16..600,
        bytes in 0u64..1 << 50,
        rest in "[^\n]{0,20}",
        second in 0u32..60,
    ) {
        let template = Template::parse(COMBINED, &[]).unwrap();
        let line = format!(
            "::1 - {user} [22/Nov/2021:00:18:{second:02} +0000] \"{request}\" {status} {bytes} \"{rest}"
        );
        let values = template.values(line.as_bytes()).unwrap();
        prop_assert_eq!(values[Role::Request as usize], Some(request.as_bytes()));
        let record = Rules::default().record(&values, &mut Minute::default()).unwrap().unwrap();
        prop_assert_eq!(record.time, 1_637_540_280 + i64::from(second));
        prop_assert_eq!((record.bytes, record.status), (bytes, Some(status)));
        // And nothing of it is found where any part is missing.
        for end in 0..line.len() - rest.len() {
            prop_assert!(template.values(&line.as_bytes()[..end]).is_err(), "{} {}", line, end);
        }
    }
}
