//! Properties of the language: documents come back, and a deny always wins.

use proptest::prelude::*;

use super::document::{Effect, Names, Policy, Statement, Version};
use super::json::Json;
use super::principal::{Named, Principals};
use super::{Compiled, Verdict, identity_policy, trust_policy};

fn action() -> impl Strategy<Value = String> {
    prop_oneof![Just("*".to_owned()), "(s3|sts):[A-C*?]{1,4}"]
}

fn resource() -> impl Strategy<Value = String> {
    prop_oneof![Just("*".to_owned()), "arn:aws:s3:[a-b]{0,2}:1?:[a-b*?:]{1,5}", Just("arn:aws:s3:::${a:b}".to_owned())]
}

fn names(text: impl Strategy<Value = String>) -> impl Strategy<Value = Names> {
    (prop::collection::vec(text, 1..4), any::<bool>()).prop_map(|(texts, all_but)| Names { texts, all_but })
}

fn effect() -> impl Strategy<Value = Effect> {
    prop_oneof![Just(Effect::Allow), Just(Effect::Deny)]
}

fn condition() -> impl Strategy<Value = Option<Json>> {
    let condition = Json::parse(r#"{"StringEquals":{"a:b":["c",1,true]},"Null":{"d":"false"}}"#).expect("well formed");
    prop::option::weighted(0.2, Just(condition))
}

fn identity_statement() -> impl Strategy<Value = Statement> {
    (effect(), names(action()), names(resource()), condition()).prop_map(|(effect, actions, resources, condition)| {
        Statement { sid: None, effect, principals: None, actions, resources: Some(resources), condition }
    })
}

fn named() -> impl Strategy<Value = Named> {
    prop_oneof![Just("*".to_owned()), "[0-9]{12}", "arn:aws:iam::[0-9]{12}:(root|user/[a-z/]{1,5}|role/[a-z]{1,5})",]
        .prop_map(|text| Named::aws(&text).expect("a principal"))
}

fn trust_statement() -> impl Strategy<Value = Statement> {
    let service = "[a-z]{1,8}".prop_map(|name| Named::Service(format!("{name}.amazonaws.com")));
    let all = prop::collection::vec(named(), 1..4).prop_flat_map(move |named| {
        (Just(named), prop::option::of(service.clone())).prop_map(|(mut named, service)| {
            named.extend(service);
            named
        })
    });
    (effect(), all, condition()).prop_map(|(effect, named, condition)| Statement {
        sid: Some("a1".to_owned()),
        effect,
        principals: Some(Principals { named, all_but: false }),
        actions: Names { texts: vec!["sts:AssumeRole".to_owned()], all_but: false },
        resources: None,
        condition,
    })
}

fn policy(statement: impl Strategy<Value = Statement>, most: usize) -> impl Strategy<Value = Policy> {
    let version = prop_oneof![Just(Version::V2008), Just(Version::V2012)];
    let statements = prop::collection::vec(statement, 1..=most);
    (version, prop::option::of("[a-z]{1,4}"), statements).prop_map(|(version, id, statements)| Policy {
        version,
        id,
        statements,
    })
}

fn ask(policy: &Policy, action: &str, resource: &str) -> Verdict {
    Compiled::new(policy).ask(action, resource)
}

fn without_variables(statement: &Statement) -> bool {
    statement.resources.iter().all(|names| names.texts.iter().all(|text| !text.contains("${")))
}

proptest! {
    #[test]
    fn an_identitys_policy_comes_back(policy in policy(identity_statement(), 4)) {
        prop_assert_eq!(identity_policy(&policy.to_json().to_string()), Ok(policy));
    }

    #[test]
    fn a_trust_policy_comes_back(policy in policy(trust_statement(), 1)) {
        let read = trust_policy(&policy.to_json().to_string()).expect("well formed");
        // `AWS` and `Service` are two lists in one object, so the order among them is not kept.
        let sorted = |policy: &Policy| policy.statements.iter().map(|statement| {
            let mut named: Vec<_> = statement.principals.iter().flat_map(|p| &p.named).map(|n| format!("{n:?}")).collect();
            named.sort();
            named
        }).collect::<Vec<_>>();
        prop_assert_eq!(sorted(&read), sorted(&policy));
    }

    #[test]
    fn a_deny_always_wins_whatever_stands_around_it(
        policy in policy(identity_statement(), 4),
        deny in identity_statement(),
        at in 0usize..4,
        action in "s3:[A-C]{1,3}",
        resource in "arn:aws:s3:::[ab]{1,3}",
    ) {
        let deny = Statement { effect: Effect::Deny, ..deny };
        let alone = Policy { statements: vec![deny.clone()], ..policy.clone() };
        let mut together = policy;
        together.statements.insert(at.min(together.statements.len()), deny);
        if ask(&alone, &action, &resource) == Verdict::Deny {
            prop_assert_eq!(ask(&together, &action, &resource), Verdict::Deny);
        }
    }

    #[test]
    fn nothing_is_allowed_that_no_statement_allows(
        policy in policy(identity_statement(), 4),
        action in "s3:[A-C]{1,3}",
        resource in "arn:aws:s3:::[ab]{1,3}",
    ) {
        let allows = |statement: &Statement| {
            let alone = Policy { statements: vec![statement.clone()], ..policy.clone() };
            ask(&alone, &action, &resource) == Verdict::Allow
        };
        if ask(&policy, &action, &resource) == Verdict::Allow {
            prop_assert!(policy.statements.iter().any(allows));
        }
    }

    /// What `Allow` covers and what `Deny` covers differ in the unknown only, and then `Deny` covers more.
    #[test]
    fn a_deny_covers_what_the_same_allow_covers(
        statement in identity_statement(),
        action in "s3:[A-C]{1,3}",
        resource in "arn:aws:s3:::[ab]{1,3}",
    ) {
        let policy = |effect| Policy {
            version: Version::V2012,
            id: None,
            statements: vec![Statement { effect, ..statement.clone() }],
        };
        let allowed = ask(&policy(Effect::Allow), &action, &resource) == Verdict::Allow;
        let denied = ask(&policy(Effect::Deny), &action, &resource) == Verdict::Deny;
        prop_assert!(denied || !allowed);
        if without_variables(&statement) && statement.condition.is_none() {
            prop_assert_eq!(allowed, denied);
        }
    }

    #[test]
    fn hostile_documents_are_answered(text in ".{0,200}", json in r#"[\[\]{}":,a-zA-Z*1 ]{0,80}"#) {
        for text in [&text, &json] {
            let _ = identity_policy(text);
            let _ = trust_policy(text);
        }
    }
}

#[test]
fn a_document_as_deep_as_it_is_long_is_refused() {
    let deep = "[".repeat(131_072);
    assert!(identity_policy(&deep).is_err());
}
