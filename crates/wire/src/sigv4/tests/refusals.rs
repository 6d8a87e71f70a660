//! What is refused, and in which words.

use proptest::prelude::*;

use super::*;

const NOW: &str = "20150830T123600Z";

fn plain() -> Request {
    request("GET", "/2015-03-31/functions", &[("host", "example.amazonaws.com")], b"")
}

fn signed_at(stamp: &str) -> Request {
    let mut request = plain();
    crate::sigv4::sign(&mut request, &OneKey::example().credentials(), "us-east-1", "service", at(stamp))
        .expect("signable");
    request
}

fn presigned(seconds: u64) -> Request {
    let mut request = plain();
    request.query =
        crate::sigv4::presign(&request, &OneKey::example().credentials(), "us-east-1", "service", at(NOW), seconds)
            .expect("signable");
    request
}

fn with_authorization(change: impl Fn(&str) -> String) -> Request {
    let mut request = signed_at(NOW);
    let text = change(request.header("authorization").expect("signed"));
    request.headers.insert("authorization", HeaderValue::from_str(&text).expect("text"));
    request
}

/// Code and message.
fn refusal(request: &Request) -> (String, String) {
    let fault = verify(request, &OneKey::example()).expect_err("refused");
    (fault.code.into_owned(), fault.message)
}

fn check(request: &Request, code: &str, message: &str) {
    let heard = refusal(request);
    assert_eq!((heard.0.as_str(), heard.1.as_str()), (code, message));
}

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS \
                        Secret Access Key and signing method. Consult the service documentation for details.";

#[test]
fn a_good_request_is_not_refused() {
    assert!(verify(&signed_at(NOW), &OneKey::example()).is_ok());
    assert!(verify(&presigned(60), &OneKey::example()).is_ok());
}

#[test]
fn nobody_signed() {
    check(&plain(), "MissingAuthenticationTokenException", "Missing Authentication Token");
}

#[test]
fn the_key_is_unknown() {
    let request = with_authorization(|text| text.replace("AKIDEXAMPLE", "AKIDNOBODY"));
    check(&request, "UnrecognizedClientException", "The security token included in the request is invalid.");
}

#[test]
fn the_secret_is_another() {
    let keys = OneKey { secret: "another".to_owned(), ..OneKey::example() };
    let fault = verify(&signed_at(NOW), &keys).expect_err("refused");
    assert_eq!((fault.code.as_ref(), fault.message.as_str()), ("InvalidSignatureException", MISMATCH));
}

#[test]
fn the_header_is_another_schemes() {
    let (code, message) = refusal(&with_authorization(|_| "Basic dXNlcjpwYXNz".to_owned()));
    assert_eq!(code, "IncompleteSignatureException");
    assert!(
        message.starts_with(
            "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' \
             parameter. Authorization header requires 'SignedHeaders' parameter. (Hashed with SHA-256"
        ),
        "{message}"
    );
}

#[test]
fn parts_are_missing_or_malformed() {
    let mut dateless = signed_at(NOW);
    dateless.headers.remove("x-amz-date");
    let cases = [
        (dateless, "existence of either a 'X-Amz-Date' or a 'Date' header"),
        (with_authorization(|text| text.replace(", Signature=", ", Sig=")), "'Signature' parameter"),
        (with_authorization(|text| text.replace("SignedHeaders=", "SignedHeaders ")), "(missing equal-sign)"),
        (with_authorization(|text| text.replace("/aws4_request", "")), "exactly 5 slash-delimited elements"),
        (with_authorization(|text| text.replace("HMAC-SHA256", "HMAC-SHA1")), "'AWS4-HMAC-SHA1'"),
        (with_authorization(|text| format!("{text}, Signature=00")), "'Signature' must appear only once"),
    ];
    for (request, words) in cases {
        let (code, message) = refusal(&request);
        assert_eq!(code, "IncompleteSignatureException", "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn the_date_is_no_date() {
    let mut request = signed_at(NOW);
    request.headers.insert("x-amz-date", HeaderValue::from_static("yesterday"));
    let message = "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601";
    check(&request, "IncompleteSignatureException", message);
}

#[test]
fn the_date_header_serves_where_there_is_no_other() {
    let mut request = plain();
    request.headers.insert("date", HeaderValue::from_static("Sun, 30 Aug 2015 12:36:00 GMT"));
    let names = ["date".to_owned(), "host".to_owned()];
    let hash = crate::sigv4::canonical::sha256(b"");
    let cover = crate::sigv4::canonical::Cover { rules: Rules::General, signed_headers: &names, payload: &hash };
    let scope = crate::sigv4::CredentialScope {
        date: "20150830".to_owned(),
        region: "us-east-1".to_owned(),
        service: "service".to_owned(),
    };
    let canonical = crate::sigv4::canonical::request(&request, &cover);
    let text = crate::sigv4::canonical::string_to_sign(at(NOW), &scope, &canonical);
    let signature = crate::sigv4::key::SigningKey::derive(&Secret::new(SECRET), &scope).sign(&text);
    let header =
        format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders=date;host, Signature={signature}");
    request.headers.insert("authorization", HeaderValue::from_str(&header).expect("text"));
    assert!(verify(&request, &OneKey::example()).is_ok());
}

#[test]
fn the_scope_is_another() {
    let cases = [
        ("/us-east-1/", "/US EAST/", "Credential should be scoped to a valid region."),
        ("/service/", "/sqs/", "Credential should be scoped to correct service: 'service'."),
        (
            "/aws4_request",
            "/aws5_request",
            "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'.",
        ),
        (
            "/20150830/",
            "/20150829/",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != \
             '20150830', from '20150830T123600Z'.",
        ),
    ];
    for (right, wrong, message) in cases {
        check(&with_authorization(|text| text.replace(right, wrong)), "InvalidSignatureException", message);
    }
}

#[test]
fn the_signature_is_too_old_or_too_new() {
    let (code, message) = refusal(&signed_at("20150830T120000Z"));
    assert_eq!(code, "InvalidSignatureException");
    assert_eq!(
        message,
        "Signature expired: 20150830T120000Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)"
    );
    let (code, message) = refusal(&signed_at("20150830T125000Z"));
    assert_eq!(code, "InvalidSignatureException");
    assert_eq!(
        message,
        "Signature not yet current: 20150830T125000Z is still later than 20150830T124100Z (20150830T123600Z + 5 min.)"
    );
}

#[test]
fn a_presigned_request_ends_when_it_says() {
    let later = |stamp| verifier(stamp).verify(&presigned(3600), &accept(Rules::General), &OneKey::example());
    assert!(later("20150830T133500Z").is_ok());
    let fault = later("20150830T133700Z").expect_err("over");
    assert_eq!(
        fault.message,
        "Signature expired: 20150830T123600Z is now earlier than 20150830T123700Z (20150830T133700Z - 60 min.)"
    );
}

#[test]
fn a_presigned_request_lasts_a_second_to_a_week() {
    let with = |expires: &str| {
        let mut request = presigned(60);
        request.query = request.query.replace("X-Amz-Expires=60", &format!("X-Amz-Expires={expires}"));
        refusal(&request)
    };
    for (expires, words) in [
        ("604801", "less than a week"),
        ("99999999999999999999999", "less than a week"),
        ("0", "at least 1 second"),
        ("-1", "non-negative"),
        ("soon", "should be a number"),
        ("%2B60", "should be a number"),
        ("", "should be a number"),
    ] {
        let (code, message) = with(expires);
        assert_eq!(code, "IncompleteSignatureException");
        assert!(message.contains(words), "{expires}: {message}");
    }
    let plain = plain();
    let credentials = OneKey::example().credentials();
    for seconds in [0, 604_801] {
        assert!(crate::sigv4::presign(&plain, &credentials, "us-east-1", "service", at(NOW), seconds).is_err());
    }
}

#[test]
fn a_presigned_request_is_whole() {
    for name in ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date"] {
        let mut request = presigned(60);
        request.query = request.query.replace(&format!("X-Amz-{name}="), "X-Amz-Other=");
        let (code, message) = refusal(&request);
        assert_eq!(code, "IncompleteSignatureException", "{message}");
        assert_eq!(
            message,
            format!("AWS query-string parameters must include 'X-Amz-{name}'. Re-examine the query-string parameters.")
        );
    }
}

#[test]
fn a_parameter_of_the_signature_comes_once() {
    let mut request = presigned(60);
    request.query.push_str("&X-Amz-Expires=604800");
    check(&request, "IncompleteSignatureException", "'X-Amz-Expires' must appear only once.");
}

#[test]
fn two_mechanisms_are_one_too_many() {
    let mut request = presigned(60);
    request.headers = signed_at(NOW).headers;
    assert_eq!(refusal(&request).0, "IncompleteSignatureException");
}

#[test]
fn the_list_of_signed_headers_is_strict() {
    let with =
        |list: &str| refusal(&with_authorization(|text| text.replace("host;x-amz-content-sha256;x-amz-date", list)));
    let host = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.";
    assert_eq!(with("x-amz-content-sha256;x-amz-date").1, host);
    assert_eq!(with("").1, host);
    assert_eq!(with("host;x-amz-date").1, "'x-amz-content-sha256' must be a 'SignedHeader' in the AWS Authorization.");
    for list in [
        "Host;x-amz-content-sha256;x-amz-date",
        "x-amz-date;host;x-amz-content-sha256",
        "host;host;x-amz-content-sha256;x-amz-date",
        "absent;host;x-amz-content-sha256;x-amz-date",
    ] {
        assert_eq!(with(list), ("InvalidSignatureException".to_owned(), MISMATCH.to_owned()), "{list}");
    }
}

#[test]
fn only_s3_takes_an_unsigned_payload() {
    let mut request = signed_at(NOW);
    request.headers.insert("x-amz-content-sha256", HeaderValue::from_static("UNSIGNED-PAYLOAD"));
    check(&request, "InvalidSignatureException", MISMATCH);
}

#[test]
fn a_changed_secret_never_meets_the_old_key() {
    let verifier = verifier(NOW);
    let request = signed_at(NOW);
    let with = |secret: &str| {
        let keys = OneKey { secret: secret.to_owned(), ..OneKey::example() };
        verifier.verify(&request, &accept(Rules::General), &keys).is_ok()
    };
    assert_eq!([with(SECRET), with("rotated"), with(SECRET)], [true, false, true]);
}

#[test]
fn every_fault_of_ours_stands_in_the_table() {
    for request in [plain(), signed_at("20150830T120000Z"), with_authorization(|_| "Basic x".to_owned())] {
        let (code, _) = refusal(&request);
        assert!(crate::sigv4::ERRORS.iter().any(|error| error.code == code), "{code}");
    }
}

proptest! {
    #[test]
    fn hostile_authorization_headers_are_refused(text in "\\PC{0,120}") {
        let request = with_authorization(|_| text.replace(|c: char| !(' '..='~').contains(&c), "?"));
        prop_assert!(verify(&request, &OneKey::example()).is_err());
    }

    #[test]
    fn hostile_parts_are_refused(credential in "[ -~]{0,40}", names in "[ -~]{0,30}", signature in "[ -~]{0,70}", date in "[ -~]{0,20}") {
        let header = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
        let mut request = with_authorization(|_| header.clone());
        request.headers.insert("x-amz-date", HeaderValue::from_str(&date).expect("text"));
        prop_assert!(verify(&request, &OneKey::example()).is_err());
    }

    #[test]
    fn hostile_queries_are_refused(query in "(X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature)=[ -~]{0,20}&){0,8}\\PC{0,20}") {
        let request = Request { query, ..plain() };
        prop_assert!(verify(&request, &OneKey::example()).is_err());
    }
}
