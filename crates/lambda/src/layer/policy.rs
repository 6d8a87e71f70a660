//! Who of other accounts may use a layer version: statements that grant `lambda:GetLayerVersion`. Source: oracle 5 and 7.

use base::caller::Principal;
use base::limits::lambda::POLICY_BYTES;
use base::{Account, Arn, Caller, Fault};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::fault::policy_differs;
use crate::function::fault::{conflict, not_found};

/// The only action that a layer's policy can grant.
pub const ACTION: &str = "lambda:GetLayerVersion";

/// Never without a statement: the last one takes the policy with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Changes with each change of the statements.
    pub revision_id: String,
    pub statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    pub sid: String,
    /// An account's number, its root's ARN, or `*`.
    pub principal: String,
    /// Only members of this organization.
    #[serde(default)]
    pub organization: Option<String>,
}

/// A statement as AWS writes it, in AWS's order.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Written<'a> {
    sid: &'a str,
    effect: &'static str,
    principal: serde_json::Value,
    action: &'static str,
    resource: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<serde_json::Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    version: &'static str,
    id: &'static str,
    statement: Vec<Written<'a>>,
}

impl Policy {
    /// `before` with one statement more.
    pub fn add(
        before: Option<&Self>,
        statement: Statement,
        expected: Option<&str>,
        (revision_id, arn): (String, &str),
    ) -> Result<Self, Fault> {
        let mut statements = before.map(|policy| policy.statements.clone()).unwrap_or_default();
        if statements.iter().any(|present| present.sid == statement.sid) {
            let sid = &statement.sid;
            return Err(conflict(format!(
                "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the \
                 existing statement."
            )));
        }
        check_revision(before, expected)?;
        statements.push(statement);
        let after = Self { revision_id, statements };
        match after.document(arn).len() {
            size if size > POLICY_BYTES => Err(Fault::new(
                "PolicyLengthExceededException",
                format!("The final policy size ({size}) is bigger than the limit ({POLICY_BYTES})."),
            )),
            _ => Ok(after),
        }
    }

    /// Without one statement; `None` if it was the last.
    pub fn remove(&self, sid: &str, expected: Option<&str>, revision_id: String) -> Result<Option<Self>, Fault> {
        check_revision(Some(self), expected)?;
        let rest: Vec<_> = self.statements.iter().filter(|statement| statement.sid != sid).cloned().collect();
        if rest.len() == self.statements.len() {
            return Err(not_found(format!("Statement {sid} is not found in resource policy.")));
        }
        Ok((!rest.is_empty()).then_some(Self { revision_id, statements: rest }))
    }

    /// What GetLayerVersionPolicy answers.
    pub fn document(&self, arn: &str) -> String {
        let statement = self.statements.iter().map(|statement| statement.write(arn)).collect();
        let document = Document { version: "2012-10-17", id: "default", statement };
        serde_json::to_string(&document).expect("text has a JSON form")
    }

    pub fn grants(&self, caller: &Caller) -> bool {
        self.statements.iter().any(|statement| statement.grants(caller))
    }
}

fn check_revision(policy: Option<&Policy>, expected: Option<&str>) -> Result<(), Fault> {
    match expected {
        Some(expected) if policy.is_none_or(|policy| policy.revision_id != expected) => Err(policy_differs()),
        _ => Ok(()),
    }
}

impl Statement {
    /// What AddLayerVersionPermission answers.
    pub fn text(&self, arn: &str) -> String {
        serde_json::to_string(&self.write(arn)).expect("text has a JSON form")
    }

    fn write<'a>(&'a self, arn: &'a str) -> Written<'a> {
        Written {
            sid: &self.sid,
            effect: "Allow",
            principal: match self.account() {
                Some(account) => json!({"AWS": format!("arn:aws:iam::{account}:root")}),
                None => json!(self.principal),
            },
            action: ACTION,
            resource: arn,
            condition: self.organization.as_ref().map(|id| json!({"StringEquals": {"aws:PrincipalOrgID": id}})),
        }
    }

    /// `None` for everybody.
    fn account(&self) -> Option<Account> {
        let number = Arn::parse(&self.principal).map_or_else(|| self.principal.clone(), |arn| arn.account);
        Account::parse(&number)
    }

    /// Nobody is a member of an organization here. Services and the anonymous stand for no account.
    fn grants(&self, caller: &Caller) -> bool {
        let signs = !matches!(caller.principal, Principal::Service(_) | Principal::Anonymous);
        let named = match self.account() {
            Some(account) => account == caller.account,
            None => self.principal == "*",
        };
        signs && named && self.organization.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:layer:a:1";

    fn statement(sid: &str, principal: &str) -> Statement {
        Statement { sid: sid.to_owned(), principal: principal.to_owned(), organization: None }
    }

    fn caller(account: &str) -> Caller {
        Caller::root(Account::parse(account).expect("digits"))
    }

    #[test]
    fn a_statement_is_written_as_aws_writes_it() {
        let rest = r#""Action":"lambda:GetLayerVersion","Resource":"arn:aws:lambda:us-east-1:123456789012:layer:a:1""#;
        assert_eq!(
            statement("s1", "*").text(ARN),
            format!(r#"{{"Sid":"s1","Effect":"Allow","Principal":"*",{rest}}}"#)
        );
        let account =
            format!(r#"{{"Sid":"s1","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::111111111111:root"}},{rest}}}"#);
        assert_eq!(statement("s1", "111111111111").text(ARN), account);
        assert_eq!(statement("s1", "arn:aws:iam::111111111111:root").text(ARN), account);
        let member = Statement { organization: Some("o-0123456789".to_owned()), ..statement("s1", "*") };
        assert_eq!(
            member.text(ARN),
            format!(
                r#"{{"Sid":"s1","Effect":"Allow","Principal":"*",{rest},"Condition":{{"StringEquals":{{"aws:PrincipalOrgID":"o-0123456789"}}}}}}"#
            )
        );
    }

    #[test]
    fn a_policy_grants_to_those_whom_it_names() {
        let policy = |statement| Policy { revision_id: String::new(), statements: vec![statement] };
        let lambda = Caller::service(Account::parse("111111111111").expect("digits"), "lambda.amazonaws.com");
        for (statement, who, granted) in [
            (statement("s", "111111111111"), caller("111111111111"), true),
            (statement("s", "arn:aws:iam::111111111111:root"), caller("111111111111"), true),
            (statement("s", "111111111111"), caller("222222222222"), false),
            (statement("s", "*"), caller("222222222222"), true),
            (statement("s", "*"), lambda.clone(), false),
            (statement("s", "111111111111"), lambda, false),
            (
                Statement { organization: Some("o-0123456789".into()), ..statement("s", "*") },
                caller("222222222222"),
                false,
            ),
        ] {
            assert_eq!(policy(statement.clone()).grants(&who), granted, "{statement:?} {}", who.arn);
        }
    }

    #[test]
    fn a_policy_has_a_limit() {
        let mut policy = None;
        let refused = (0..1_000).find_map(|number| {
            let more = statement(&format!("s{number}"), "*");
            match Policy::add(policy.as_ref(), more, None, (String::new(), ARN)) {
                Ok(longer) => {
                    policy = Some(longer);
                    None
                }
                Err(fault) => Some(fault),
            }
        });
        let refused = refused.expect("it has grown too long");
        assert_eq!(refused.code, "PolicyLengthExceededException");
        assert!(refused.message.ends_with("is bigger than the limit (20480)."), "{}", refused.message);
    }
}
