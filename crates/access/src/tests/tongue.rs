//! The contracts on the wire: forms come in, XML goes out, and refusals carry IAM's codes.

use base::{Decision, Fault, Scope};
use wire::{Context, Request, Response, Router};

use super::house::{House, TRUST_LAMBDA, account};

fn form(body: &str) -> Request {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", http::HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"));
    let body = bytes::Bytes::from(body.to_owned());
    Request { method: http::Method::POST, path: "/".to_owned(), query: String::new(), headers, body }
}

/// The way of an allowed request from its bytes to its answer's.
async fn answer(house: &House, body: &str) -> (u16, String) {
    let services = house.access.services();
    let router = Router::new(&services.iter().map(wire::Service::spec).collect::<Vec<_>>());
    let request = form(body);
    let known = router.recognize(&request).expect("an operation of ours");
    let service = services.iter().find(|service| service.spec().name == known.service.name).expect("ours");
    let done = async {
        let input = wire::understand(known.service, known.operation, &known.labels, &request)?;
        let context = Context {
            caller: house.root(),
            scope: Scope::new(account(), base::Region::new("us-east-1")),
            request_id: "id".to_owned(),
            trace_id: None,
            origin: String::new(),
        };
        service.perform(known.operation.name, &Decision::Allow, context, input).await
    };
    told(match done.await {
        Ok(output) => wire::encode_output(known.service, known.operation, output, "id"),
        Err(fault) => wire::encode_fault(Some(known.service), &fault, "id"),
    })
}

fn told(response: Response) -> (u16, String) {
    (response.status, String::from_utf8(response.body.to_vec()).expect("XML is text"))
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_role_is_made_by_a_form_and_shown_in_xml() {
    let house = House::new().await;
    let trust = encoded(TRUST_LAMBDA);
    let tags = "Tags.member.1.Key=team%20x&Tags.member.1.Value=%C3%A9";
    let create = format!("Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument={trust}&{tags}");
    let (status, body) = answer(&house, &create).await;
    assert_eq!(status, 200, "{body}");
    let begins = r#"<CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateRoleResult><Role>"#;
    assert!(body.contains(begins), "{body}");
    assert!(body.contains("<Arn>arn:aws:iam::111111111111:role/r</Arn>"), "{body}");
    assert!(body.contains("<CreateDate>2023-11-14T22:13:20Z</CreateDate>"), "{body}");
    assert!(body.contains("<AssumeRolePolicyDocument>%7B%22Version%22%3A"), "{body}");
    assert!(body.contains("<member><Key>team x</Key><Value>\u{e9}</Value></member>"), "{body}");
}

#[tokio::test(start_paused = true)]
async fn refusals_carry_the_codes_of_the_query_tongue() {
    let house = House::new().await;
    let rows = [
        ("Action=GetRole&Version=2010-05-08&RoleName=x", 404, "<Code>NoSuchEntity</Code>"),
        ("Action=GetRole&Version=2010-05-08&RoleName=a%2Fb", 400, "<Code>ValidationError</Code>"),
        ("Action=GetRole&Version=2010-05-08", 400, "<Code>ValidationError</Code>"),
        ("Action=ListRoles&Version=2010-05-08&Marker=%3F", 400, "<Code>ValidationError</Code>"),
        (
            "Action=CreateRole&Version=2010-05-08&RoleName=r&AssumeRolePolicyDocument=%7B",
            400,
            "<Code>MalformedPolicyDocument</Code>",
        ),
        (
            "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A111111111111%3Arole%2Fx&RoleSessionName=s1",
            403,
            "<Code>AccessDenied</Code>",
        ),
    ];
    for (body, status, code) in rows {
        let (found, answer) = answer(&house, body).await;
        assert_eq!(found, status, "{body}: {answer}");
        assert!(answer.contains(code), "{body}: {answer}");
    }
    let internal = told(wire::encode_fault(Some(&crate::iam::api::SPEC), &Fault::internal("disk"), "id"));
    assert!(internal.0 == 500 && internal.1.contains("<Code>ServiceFailure</Code>"), "{internal:?}");
}
