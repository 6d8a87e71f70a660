//! S3's bodies in chunks: the documented examples, and what is refused.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html> and `…/sigv4-streaming-trailers.html`.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use proptest::prelude::*;

use super::*;

const NOW: &str = "20130524T000000Z";

fn documented_key() -> OneKey {
    OneKey {
        access_key: "AKIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        token: None,
    }
}

fn decode(request: &Request) -> Result<Bytes, Fault> {
    let accept = Accept { services: &["s3"], regions: &["us-east-1"], rules: Rules::S3 };
    let signed = verifier(NOW).verify(request, &accept, &documented_key())?;
    Ok(signed.body.expect("it came in chunks"))
}

fn put(headers: &[(&str, &str)], body: &[u8]) -> Request {
    let mut all = vec![
        ("host", "s3.amazonaws.com"),
        ("x-amz-date", NOW),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
    ];
    all.extend_from_slice(headers);
    request("PUT", "/examplebucket/chunkObject.txt", &all, body)
}

fn authorization(names: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={names},\
         Signature={signature}"
    )
}

/// 65 KiB of `a`, as the documentation sends them: 64 KiB, 1 KiB, and the end.
fn documented_body(signatures: [&str; 3], trailer: &str) -> Vec<u8> {
    let [first, second, last] = signatures;
    let mut body = Vec::new();
    for (size, signature) in [(65_536, first), (1_024, second)] {
        body.extend_from_slice(format!("{size:x};chunk-signature={signature}\r\n").as_bytes());
        body.extend(std::iter::repeat_n(b'a', size));
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("0;chunk-signature={last}\r\n{trailer}\r\n").as_bytes());
    body
}

fn documented() -> Request {
    let names = "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
                 x-amz-storage-class";
    let seed = authorization(names, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    let body = documented_body(
        [
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        ],
        "",
    );
    let headers = [
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("content-length", "66824"),
        ("authorization", &seed),
    ];
    put(&headers, &body)
}

fn documented_with_trailer() -> Request {
    let names = "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;\
                 x-amz-storage-class;x-amz-trailer";
    let seed = authorization(names, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
    let trailer = "x-amz-checksum-crc32c:sOO8/Q==\r\n\
                   x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n";
    let body = documented_body(
        [
            "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
            "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
            "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
        ],
        trailer,
    );
    let headers = [
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
        ("x-amz-trailer", "x-amz-checksum-crc32c"),
        ("authorization", &seed),
    ];
    put(&headers, &body)
}

/// An unsigned body with a checksum behind it, as clients send it over TLS.
fn unsigned(body: &[u8], length: usize, trailer: &str) -> Request {
    let mut request = put(
        &[("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"), ("x-amz-trailer", "x-amz-checksum-crc32")],
        &[body, trailer.as_bytes()].concat(),
    );
    request.headers.insert("x-amz-decoded-content-length", HeaderValue::from(length));
    let names: Vec<_> = {
        let mut names: Vec<_> = request.headers.keys().map(|name| name.as_str().to_owned()).collect();
        names.sort_unstable();
        names
    };
    let scope = crate::sigv4::CredentialScope {
        date: NOW[..8].to_owned(),
        region: "us-east-1".to_owned(),
        service: "s3".to_owned(),
    };
    let cover = crate::sigv4::canonical::Cover {
        rules: Rules::S3,
        signed_headers: &names,
        payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
    };
    let text =
        crate::sigv4::canonical::string_to_sign(at(NOW), &scope, &crate::sigv4::canonical::request(&request, &cover));
    let key = crate::sigv4::key::SigningKey::derive(&Secret::new(&documented_key().secret), &scope);
    let header = authorization(&names.join(";"), &key.sign(&text));
    request.headers.insert("authorization", HeaderValue::from_str(&header).expect("text"));
    request
}

fn checksum_of(body: &[u8]) -> String {
    format!("x-amz-checksum-crc32:{}\r\n\r\n", BASE64_STANDARD.encode(crc32fast::hash(body).to_be_bytes()))
}

fn replaced(mut request: Request, right: &str, wrong: &str) -> Request {
    let text = String::from_utf8(request.body.to_vec()).expect("text");
    assert!(text.contains(right));
    request.body = text.replacen(right, wrong, 1).into();
    request
}

fn code(answer: Result<Bytes, Fault>) -> String {
    answer.expect_err("refused").code.into_owned()
}

#[test]
fn the_documented_body_is_accepted() {
    assert_eq!(decode(&documented()).expect("as documented"), vec![b'a'; 66_560]);
}

#[test]
fn the_documented_body_with_a_trailer_is_accepted() {
    assert_eq!(decode(&documented_with_trailer()).expect("as documented"), vec![b'a'; 66_560]);
}

#[test]
fn a_changed_chunk_is_refused() {
    for request in [documented(), documented_with_trailer()] {
        assert_eq!(code(decode(&replaced(request.clone(), "aaa", "aba"))), "InvalidSignatureException");
        assert_eq!(
            code(decode(&replaced(request, "0;chunk-signature=", "0;chunk-signature=0"))),
            "InvalidSignatureException"
        );
    }
}

#[test]
fn a_changed_trailer_is_refused() {
    let request = documented_with_trailer();
    assert_eq!(code(decode(&replaced(request.clone(), "sOO8", "tOO8"))), "InvalidSignatureException");
    assert_eq!(
        code(decode(&replaced(request, "x-amz-trailer-signature", "x-amz-trailer-nothing"))),
        "InvalidSignatureException"
    );
}

#[test]
fn chunks_in_another_order_are_refused() {
    let mut request = documented();
    let frame = "10000;chunk-signature=".len() + 64 + 2;
    let (first, rest) = request.body.split_at(frame + 65_536 + 2);
    let (second, last) = rest.split_at("400;chunk-signature=".len() + 64 + 2 + 1_024 + 2);
    request.body = [second, first, last].concat().into();
    assert_eq!(code(decode(&request)), "InvalidSignatureException");
}

#[test]
fn a_body_that_ends_early_is_refused() {
    let mut request = documented();
    request.body = request.body.slice(..66_000);
    assert_eq!(code(decode(&request)), "IncompleteBody");
}

#[test]
fn an_unsigned_body_is_protected_by_its_checksum() {
    let good = unsigned(b"5\r\nhello\r\n1\r\n!\r\n0\r\n", 6, &checksum_of(b"hello!"));
    assert_eq!(decode(&good).expect("good"), "hello!");
    assert_eq!(code(decode(&replaced(good.clone(), "hello", "jello"))), "BadDigest");
    assert_eq!(
        code(decode(&replaced(good.clone(), "x-amz-checksum-crc32:", "x-amz-checksum-crc99:"))),
        "InvalidRequest"
    );
    assert_eq!(code(decode(&replaced(good.clone(), "1\r\n!\r\n", ""))), "IncompleteBody");
    assert_eq!(code(decode(&replaced(good, "5\r\n", "+5\r\n"))), "IncompleteBody");
}

#[test]
fn a_missing_checksum_is_refused() {
    assert_eq!(code(decode(&unsigned(b"5\r\nhello\r\n0\r\n", 5, "\r\n"))), "InvalidRequest");
}

#[test]
fn nothing_follows_the_end() {
    let trailer = checksum_of(b"hello") + "more";
    assert_eq!(code(decode(&unsigned(b"5\r\nhello\r\n0\r\n", 5, &trailer))), "IncompleteBody");
}

proptest! {
    #[test]
    fn any_chunks_come_back(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..50), 0..6)) {
        let mut body = Vec::new();
        for chunk in &chunks {
            body.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
            body.extend_from_slice(chunk);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"0\r\n");
        let whole = chunks.concat();
        let request = unsigned(&body, whole.len(), &checksum_of(&whole));
        prop_assert_eq!(decode(&request).expect("good"), whole);
    }

    #[test]
    fn hostile_frames_are_refused(body in "([0-9a-f]{0,18}(;[a-z=-]{0,20})?\r\n[a-z]{0,9}(\r\n)?){0,4}") {
        prop_assert!(decode(&unsigned(body.as_bytes(), 1, "")).is_err());
    }

    #[test]
    fn hostile_bytes_are_refused(body in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(decode(&unsigned(&body, 1, "")).is_err());
    }
}
