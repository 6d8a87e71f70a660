//! Patterns as data: which messages each matches and which it doesn't.

use proptest::prelude::*;

use super::*;

fn check(pattern: &str, matching: &[&str], other: &[&str]) {
    let parsed = Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    for message in matching {
        assert!(parsed.matches(message), "{pattern} should match {message}");
    }
    for message in other {
        assert!(!parsed.matches(message), "{pattern} should not match {message}");
    }
}

#[test]
fn terms_must_all_appear_in_their_case() {
    check("", &["", "anything"], &[]);
    check("  ", &["anything"], &[]);
    check("ERROR", &["[ERROR 400] BAD REQUEST"], &["[error 400]", ""]);
    check("ERROR REQUEST", &["REQUEST: ERROR"], &["ERROR", "REQUEST"]);
    check(r#""INTERNAL SERVER ERROR""#, &["[500] INTERNAL SERVER ERROR"], &["INTERNAL ERROR SERVER"]);
    check(r#""say \"hi\"""#, &[r#"they say "hi""#], &["say hi"]);
}

#[test]
fn optional_terms_suffice_one_by_one_and_yield_to_the_others() {
    check("?ERROR ?WARN", &["ERROR", "a WARN b"], &["INFO"]);
    check(r#"?"a b" ?c"#, &["a b", "c"], &["ab"]);
    check("?ERROR 400", &["400", "ERROR 400"], &["ERROR"]);
}

#[test]
fn excluded_terms_must_not_appear() {
    check("ERROR -EXITING", &["ERROR"], &["ERROR EXITING", "EXITING", "INFO"]);
    check(r#"-"a b""#, &["a", ""], &["x a b"]);
}

#[test]
fn regular_expressions_stand_between_percent_signs() {
    check("%4[0-9]{2}%", &["HTTP 404"], &["HTTP 504"]);
    check("%^[hc]at%", &["hat", "cat"], &["that"]);
    check("-%^DEBUG%", &["INFO DEBUG"], &["DEBUG x"]);
    check(r#"{ $.ip = %10\.0\.[0-9]+% }"#, &[r#"{"ip":"10.0.7.1"}"#], &[r#"{"ip":"10.x"}"#]);
}

#[test]
fn json_compares_text_and_numbers() {
    check(
        r#"{ $.level = "ERROR" }"#,
        &[r#"{"level":"ERROR"}"#],
        &[r#"{"level":"ERRORS"}"#, r#"{"l":1}"#, "ERROR", "\"level\""],
    );
    check("{$.level=ERROR}", &[r#"  {"level":"ERROR"}"#], &[]);
    check(
        r#"{ $.a.b[1] != "x" }"#,
        &[r#"{"a":{"b":["x","y"]}}"#],
        &[r#"{"a":{"b":["y","x"]}}"#, r#"{"a":{"b":["y"]}}"#],
    );
    check(
        "{ $.n > 3 }",
        &[r#"{"n":4}"#, r#"{"n":3.5}"#, r#"{"n":"4"}"#],
        &[r#"{"n":3}"#, r#"{"n":"x"}"#, r#"{"n":null}"#],
    );
    check("{ $.n <= 1e3 }", &[r#"{"n":1000}"#, r#"{"n":-5}"#], &[r#"{"n":1001}"#]);
    check("{ $.n = 4* }", &[r#"{"n":404}"#, r#"{"n":"4xx"}"#], &[r#"{"n":504}"#]);
    check(r#"{ $.event = "Upd*Tr*" }"#, &[r#"{"event":"UpdateTrail"}"#], &[r#"{"event":"Update"}"#]);
    check(r#"{ $.['a.b'] = 1 }"#, &[r#"{"a.b":1}"#], &[r#"{"a":{"b":1}}"#]);
    check(
        r#"{ $.list[*].flag = 1 }"#,
        &[r#"{"list":[{"flag":0},{"flag":1}]}"#],
        &[r#"{"list":[{"flag":0}]}"#, r#"{"list":[]}"#],
    );
}

#[test]
fn json_knows_what_is_there_and_what_is_null() {
    check("{ $.a IS NULL }", &[r#"{"a":null}"#], &["{}", r#"{"a":0}"#]);
    check("{ $.a NOT EXISTS }", &["{}", r#"{"b":1}"#], &[r#"{"a":null}"#]);
    check("{ $.a EXISTS }", &[r#"{"a":null}"#], &["{}"]);
    check("{ $.a IS TRUE }", &[r#"{"a":true}"#], &[r#"{"a":"true"}"#, r#"{"a":false}"#]);
    check("{ $.a IS FALSE }", &[r#"{"a":false}"#], &["{}"]);
}

#[test]
fn json_conditions_are_joined() {
    let both = r#"{ $.level = "ERROR" && $.n > 3 }"#;
    check(both, &[r#"{"level":"ERROR","n":4}"#], &[r#"{"level":"ERROR","n":3}"#, r#"{"n":4}"#]);
    check("{ $.a = 1 || $.b = 1 && $.c = 1 }", &[r#"{"a":1}"#, r#"{"b":1,"c":1}"#], &[r#"{"b":1}"#, r#"{"c":1}"#]);
    check("{ ($.a = 1 || $.b = 1) && ($.c = 1) }", &[r#"{"a":1,"c":1}"#], &[r#"{"a":1}"#, r#"{"c":1}"#]);
}

#[test]
fn fields_are_counted_from_both_ends() {
    let line = r#"127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
    check("[ip, server, user, time, request, status = 4*, size]", &[line], &["404", ""]);
    check("[..., status = 404, size > 1000]", &[line], &["500 2000"]);
    check("[ip = 127.*, ...]", &[line], &["10.0.0.1 x"]);
    check("[a, b, c, d, request = *html*, e, f]", &[line], &[]);
    check("[w1 = ERROR || w1 = WARN, w2]", &["ERROR x", "WARN x"], &["INFO x", "ERROR", "ERROR x y"]);
    check("[(w1 != ERROR && w1 != WARN), ...]", &["INFO x y"], &["ERROR x"]);
    check("[]", &["", " "], &["x"]);
}

#[test]
fn what_is_no_pattern_is_refused() {
    for wrong in [
        "\"open",
        "%open",
        "%a(b)%",
        "%[%",
        "%a% %b% %c%",
        "? ",
        "-",
        "{",
        "{}",
        "{ $.a }",
        "{ $.a = }",
        "{ $.a == 1 }",
        "{ $.a = 1",
        "{ $.a = 1 } x",
        "{ a = 1 }",
        "{ $.a IS }",
        "{ $.a NOT NULL }",
        "{ ($.a = 1 }",
        "{ $.a > x }",
        "{ $.a = 1 & $.b = 1 }",
        "{ $. = 1 }",
        "{ $[x] = 1 }",
        "[a",
        "[a, b = 1 || c = 2]",
        "[..., ...]",
        "[a b]",
    ] {
        assert!(Pattern::parse(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn hostile_patterns_and_messages_do_not_panic(
        pattern in r#"[\[{]?[ a-c"%$.*?()&|=<>!,'\\\[\]{}0-9INOTEXS-]{0,40}"#,
        message in r#"[{\[]?[ a-c":,\\\[\]{}0-9é]{0,40}"#,
    ) {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            pattern.matches(&message);
        }
    }

    #[test]
    fn hostile_text_does_not_panic(pattern in ".{0,60}", message in ".{0,60}") {
        if let Ok(pattern) = Pattern::parse(&pattern) {
            pattern.matches(&message);
        }
    }

    #[test]
    fn hostile_depth_is_borne(depth in 0usize..505) {
        let pattern = format!("{{{}$.a=1{}}}", "(".repeat(depth), ")".repeat(depth));
        let matches = Pattern::parse(&pattern).expect("well formed").matches(r#"{"a":1}"#);
        prop_assert!(matches);
    }

    #[test]
    fn a_quoted_term_matches_exactly_what_contains_it(term in r#"[a-z"\\ %]{1,8}"#, around in "[a-z ]{0,8}") {
        let quoted = format!("\"{}\"", term.replace('\\', r"\\").replace('"', "\\\""));
        let pattern = Pattern::parse(&quoted).expect("quoted");
        let message = format!("{around}{term}{around}");
        prop_assert!(pattern.matches(&message));
        prop_assert_eq!(pattern.matches(&around), around.contains(&term));
    }
}
