//! AWS's own signer as oracle: what `aws-sigv4` signs is accepted, what anybody changes afterwards is refused.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode};
use proptest::prelude::*;

use super::*;

/// A request before it is signed, and how it is to be.
#[derive(Clone, Debug)]
struct Draft {
    method: &'static str,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    presigned: bool,
    hash_header: bool,
    token: Option<String>,
    s3: bool,
}

impl Draft {
    fn keys(&self) -> OneKey {
        OneKey { token: self.token.clone(), ..OneKey::example() }
    }

    fn rules(&self) -> Rules {
        if self.s3 { Rules::S3 } else { Rules::General }
    }

    fn service(&self) -> &'static str {
        if self.s3 { "s3" } else { "lambda" }
    }

    fn verify(&self, request: &Request) -> Result<Signed, Fault> {
        let accept = Accept { services: &["lambda", "s3"], regions: &["eu-west-1"], rules: self.rules() };
        verifier("20150830T123600Z").verify(request, &accept, &self.keys())
    }

    fn unsigned(&self) -> Request {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        request(self.method, &self.target, &headers, &self.body)
    }

    /// Signed by AWS's signer.
    fn signed(&self) -> Request {
        let keys = self.keys();
        let identity = aws_credential_types::Credentials::from_keys("AKIDEXAMPLE", keys.secret, keys.token).into();
        let mut settings = SigningSettings::default();
        if self.presigned {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = Some(Duration::from_secs(900));
        } else if self.hash_header {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        if self.s3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        }
        let moment = u64::try_from(at("20150830T123600Z").as_second()).expect("after 1970");
        let params = SigningParams::builder()
            .identity(&identity)
            .region("eu-west-1")
            .name(self.service())
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(moment))
            .settings(settings)
            .build()
            .expect("complete")
            .into();
        let uri = format!("http://localhost:4566{}", self.target);
        let headers = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let body =
            if self.presigned && self.s3 { SignableBody::UnsignedPayload } else { SignableBody::Bytes(&self.body) };
        let signable = SignableRequest::new(self.method, &uri, headers, body).expect("signable");
        let (headers, parameters) = sign(signable, &params).expect("signed").into_parts().0.into_parts();
        self.with(headers.iter().map(|it| (it.name(), it.value())), &parameters)
    }

    fn with<'a>(
        &self,
        headers: impl Iterator<Item = (&'static str, &'a str)>,
        parameters: &[(&str, std::borrow::Cow<'static, str>)],
    ) -> Request {
        let mut request = self.unsigned();
        for (name, value) in headers {
            request.headers.insert(name, HeaderValue::from_str(value).expect("a header's value"));
        }
        for (name, value) in parameters {
            let between = if request.query.is_empty() { "" } else { "&" };
            request.query += &format!("{between}{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        request
    }
}

fn path() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        "[a-zA-Z0-9._~-]{1,12}",
        Just("arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Af%3Aprod".to_owned()),
        "[a-z%:@!$()*,;=+]{1,8}".prop_map(|text| text.replace('%', "%25")),
        "\\PC{1,4}".prop_map(|text| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()),
    ];
    (proptest::collection::vec(segment, 0..5), any::<bool>()).prop_map(|(segments, open)| {
        format!("/{}{}", segments.join("/"), if open && !segments.is_empty() { "/" } else { "" })
    })
}

fn query() -> impl Strategy<Value = String> {
    let encoded = |text: String| utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
    let pair = ("[a-zA-Z]{1,6}|\\PC{1,3}", "|[a-zA-Z0-9 +/=&%-]{0,8}|\\PC{0,4}")
        .prop_map(move |(name, value)| format!("{}={}", encoded(name), encoded(value)));
    proptest::collection::vec(pair, 0..5).prop_map(|pairs| pairs.join("&"))
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let header = ("x-amz-[a-c]{1,3}|my-[a-z]{1,6}", "[!-~]{0,6}( {1,3}[!-~]{1,6}){0,2}");
    proptest::collection::vec(header, 0..5).prop_map(|mut headers| {
        headers.push(("host".to_owned(), "localhost:4566".to_owned()));
        headers
    })
}

/// S3's clients encode all that isn't unreserved, and nothing else: the oracle signs their path as it stands.
fn target(path: String, query: &str, s3: bool) -> String {
    let encode = |segment| {
        let plain: Vec<u8> = percent_decode_str(segment).collect();
        percent_encode(&plain, UNRESERVED).to_string()
    };
    let path = if s3 { path.split('/').map(encode).collect::<Vec<_>>().join("/") } else { path };
    if query.is_empty() { path } else { format!("{path}?{query}") }
}

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn draft() -> impl Strategy<Value = Draft> {
    let method = prop_oneof![Just("GET"), Just("POST"), Just("PUT"), Just("DELETE"), Just("PATCH")];
    let token = proptest::option::of("[a-zA-Z0-9/+=]{1,40}");
    let body = proptest::collection::vec(any::<u8>(), 0..64);
    (method, path(), query(), headers(), body, any::<[bool; 3]>(), token).prop_map(
        |(method, path, query, headers, body, [presigned, hash_header, s3], token)| Draft {
            method,
            target: target(path, &query, s3),
            headers,
            body,
            presigned,
            hash_header,
            token,
            s3,
        },
    )
}

/// One change to a signed request. Each leaves a request that means something else.
type Mutation = fn(&mut Request);

fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a header's value")
}

const MUTATIONS: [(&str, Mutation); 9] = [
    ("another method", |it| it.method = Method::HEAD),
    ("a longer path", |it| it.path.push('x')),
    ("another segment", |it| it.path.insert_str(0, "/admin")),
    ("one more parameter", |it| it.query = format!("extra={}{}", if it.query.is_empty() { "" } else { "&" }, it.query)),
    ("another host", |it| drop(it.headers.insert("host", value("example.com")))),
    ("one more x-amz header", |it| {
        it.headers.append("x-amz-zzz", value("1"));
    }),
    ("another token", |it| drop(it.headers.insert("x-amz-security-token", value("another")))),
    ("another date", |it| {
        it.headers.insert("x-amz-date", value("20150830T123601Z"));
        it.query = it.query.replace("20150830T123600Z", "20150830T123601Z");
    }),
    ("another region", |it| {
        let header = it.header("authorization").map(|text| value(&text.replace("/eu-west-1/", "/us-east-1/")));
        header.map(|header| it.headers.insert("authorization", header));
        it.query = it.query.replace("eu%2Dwest%2D1", "us%2Deast%2D1");
    }),
];

proptest! {
    #[test]
    fn what_aws_signs_is_accepted(draft in draft()) {
        let signed = draft.verify(&draft.signed());
        prop_assert!(signed.is_ok(), "{:?} {:?}", signed, draft.signed());
    }

    #[test]
    fn what_is_changed_after_signing_is_refused(draft in draft()) {
        for (name, mutate) in MUTATIONS {
            let mut request = draft.signed();
            mutate(&mut request);
            prop_assert!(draft.verify(&request).is_err(), "{name}: {request:?}");
        }
    }

    #[test]
    fn another_body_is_refused(draft in draft(), extra in any::<u8>()) {
        // S3's presigned requests don't cover the body: that is what they are for.
        prop_assume!(!(draft.s3 && draft.presigned));
        let mut request = draft.signed();
        let mut body = request.body.to_vec();
        body.push(extra);
        request.body = body.into();
        prop_assert!(draft.verify(&request).is_err());
    }

    #[test]
    fn every_signed_header_counts(draft in draft(), at in any::<prop::sample::Index>()) {
        let mut request = draft.signed();
        let names: Vec<_> = request.headers.keys().filter(|name| name.as_str() != "authorization").cloned().collect();
        let name = &names[at.index(names.len())];
        request.headers.append(name, value("more"));
        prop_assert!(draft.verify(&request).is_err(), "{name}");
    }

    #[test]
    fn every_digit_of_the_signature_counts(draft in draft(), at in 0usize..64) {
        let mut request = draft.signed();
        let flip = |text: &str| {
            let at = text.len() - 64 + at;
            let digit = if text.as_bytes()[at] == b'0' { "1" } else { "0" };
            format!("{}{digit}{}", &text[..at], &text[at + 1..])
        };
        match request.header("authorization") {
            Some(text) => drop(request.headers.insert("authorization", value(&flip(text)))),
            None => {
                let end = request.query.find("X-Amz-Signature=").expect("signed") + "X-Amz-Signature=".len() + 64;
                let rest = request.query.split_off(end);
                request.query = flip(&request.query) + &rest;
            }
        }
        let fault = draft.verify(&request).expect_err("changed");
        prop_assert_eq!(fault.code, "InvalidSignatureException");
    }

    #[test]
    fn we_sign_as_aws_signs(draft in draft()) {
        let draft = Draft { presigned: false, hash_header: true, ..draft };
        let mut ours = draft.unsigned();
        super::super::sign(&mut ours, &draft.keys().credentials(), "eu-west-1", draft.service(), at("20150830T123600Z"))
            .expect("signable");
        let theirs = draft.signed();
        prop_assert_eq!(ours.header("authorization"), theirs.header("authorization"));
    }

    #[test]
    fn what_we_presign_is_accepted(draft in draft(), seconds in 1u64..=604_800) {
        let mut ours = draft.unsigned();
        ours.query =
            super::super::presign(&ours, &draft.keys().credentials(), "eu-west-1", draft.service(), at("20150830T123600Z"), seconds)
                .expect("signable");
        let signed = draft.verify(&ours);
        prop_assert!(signed.is_ok(), "{:?} {:?}", signed, ours);
    }
}
