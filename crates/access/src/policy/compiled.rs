//! A policy made ready to be asked: patterns read, nothing allocated per question.
//!
//! What isn't evaluated yet falls to the safe side. A statement with a `Condition` grants nothing if it allows, and
//! holds if it denies. A resource with a policy variable (`${...}`) narrows what is allowed to nothing, and what is
//! denied to nothing less than every value the variable could have.

use base::Caller;

use super::document::{Effect, Names, Policy, Statement};
use super::pattern::Pattern;
use super::principal::{Match, Named, Principals};

/// What one policy, or several together, say to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing: the default, which is no.
    Silent,
    Allow,
    /// Wins over everything.
    Deny,
}

/// A compiled policy.
#[derive(Clone, Debug)]
pub struct Compiled {
    rules: Box<[Rule]>,
}

#[derive(Clone, Debug)]
struct Rule {
    effect: Effect,
    conditional: bool,
    principals: Option<Principals>,
    actions: Patterns,
    resources: Option<Patterns>,
}

#[derive(Clone, Debug)]
struct Patterns {
    patterns: Box<[Pattern]>,
    all_but: bool,
}

impl Compiled {
    pub fn new(policy: &Policy) -> Self {
        Self { rules: policy.statements.iter().map(Rule::new).collect() }
    }

    /// Says nothing to anything.
    pub fn silent() -> Self {
        Self { rules: Box::default() }
    }

    /// Denies everything to everybody.
    pub fn denial() -> Self {
        let everything = Names { texts: vec!["*".to_owned()], all_but: false };
        let statement = Statement {
            sid: None,
            effect: Effect::Deny,
            principals: Some(Principals { named: vec![Named::Everybody], all_but: false }),
            actions: everything.clone(),
            resources: Some(everything),
            condition: None,
        };
        Self { rules: Box::new([Rule::new(&statement)]) }
    }

    /// What an identity's policy says.
    pub fn ask(&self, action: &str, resource: &str) -> Verdict {
        self.rules.iter().map(|rule| rule.ask(action, resource)).max().unwrap_or(Verdict::Silent)
    }

    /// What a role's trust policy says of a caller: `Deny`, or how closely an `Allow` names it.
    pub fn trusts(&self, caller: &Caller, action: &str) -> Trust {
        let about = || self.rules.iter().filter(|rule| rule.actions.cover(action));
        if about().any(|rule| rule.strikes(caller)) {
            return Trust::Denied;
        }
        match about().filter_map(|rule| rule.names(caller)).max() {
            Some(closest) => Trust::Named(closest),
            None => Trust::Nobody,
        }
    }
}

/// What a trust policy says of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    Denied,
    Nobody,
    Named(Match),
}

impl Rule {
    fn new(statement: &Statement) -> Self {
        Self {
            effect: statement.effect,
            conditional: statement.condition.is_some(),
            principals: statement.principals.clone(),
            actions: Patterns::actions(&statement.actions),
            resources: statement.resources.as_ref().map(|names| Patterns::resources(names, statement.effect)),
        }
    }

    fn ask(&self, action: &str, resource: &str) -> Verdict {
        let on = self.resources.as_ref().is_none_or(|resources| resources.cover(resource));
        match self.effect {
            _ if !on || !self.actions.cover(action) => Verdict::Silent,
            Effect::Deny => Verdict::Deny,
            Effect::Allow if self.conditional => Verdict::Silent,
            Effect::Allow => Verdict::Allow,
        }
    }

    fn strikes(&self, caller: &Caller) -> bool {
        self.effect == Effect::Deny && self.principals.as_ref().is_some_and(|principals| principals.strikes(caller))
    }

    fn names(&self, caller: &Caller) -> Option<Match> {
        let grants = self.effect == Effect::Allow && !self.conditional;
        self.principals.as_ref().filter(|_| grants)?.names(caller)
    }
}

impl Patterns {
    fn actions(names: &Names) -> Self {
        Self { patterns: names.texts.iter().map(|text| Pattern::action(text)).collect(), all_but: names.all_but }
    }

    fn resources(names: &Names, effect: Effect) -> Self {
        // A statement shrinks when a pattern of `Resource` goes, and grows when one of `NotResource` goes.
        let drop_variables = (effect == Effect::Allow) != names.all_but;
        let patterns = names.texts.iter().filter_map(|text| match text.contains("${") {
            false => Some(Pattern::resource(text)),
            true if drop_variables => None,
            true => Some(Pattern::resource(&any_value(text))),
        });
        Self { patterns: patterns.collect(), all_but: names.all_but }
    }

    fn cover(&self, text: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(text)) != self.all_but
    }
}

/// Everything from the first variable on becomes `*`, so that no value of a variable is missed.
fn any_value(text: &str) -> String {
    let before = text.split("${").next().unwrap_or_default();
    format!("{before}*")
}

#[cfg(test)]
mod tests {
    use super::super::parse::{identity_policy, trust_policy};
    use super::*;

    fn check(statements: &str, action: &str, resource: &str, expect: Verdict) {
        let policy = identity_policy(&format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#));
        let verdict = Compiled::new(&policy.expect(statements)).ask(action, resource);
        assert_eq!(verdict, expect, "{statements} {action} {resource}");
    }

    const READ: &str = r#"{"Effect":"Allow","Action":["s3:Get*","s3:List?ucket"],"Resource":"arn:aws:s3:::b/*"}"#;
    const ALL: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    const NO_KEYS: &str = r#"{"Effect":"Deny","Action":"iam:*AccessKey","Resource":"*"}"#;
    const ALL_BUT_IAM: &str = r#"{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}"#;
    const NOT_THERE: &str = r#"{"Effect":"Deny","Action":"s3:*","NotResource":"arn:aws:s3:::b/*"}"#;
    const IF: &str =
        r#"{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true}}}"#;
    const NOT_IF: &str = r#"{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Null":{"a:b":["true"]}}}"#;
    const HOME: &str = r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}/*"}"#;
    const NO_HOME: &str = r#"{"Effect":"Deny","Action":"*","Resource":"arn:aws:s3:::b/${aws:username}/*"}"#;
    const BUT_HOME: &str = r#"{"Effect":"Allow","Action":"*","NotResource":"arn:aws:s3:::b/${aws:username}/*"}"#;
    const DENY_BUT_HOME: &str = r#"{"Effect":"Deny","Action":"*","NotResource":"arn:aws:s3:::b/${aws:username}/*"}"#;

    #[test]
    fn statements_say_what_they_say() {
        use Verdict::{Allow, Deny, Silent};
        let (key, other) = ("arn:aws:s3:::b/k", "arn:aws:s3:::c/k");
        check(READ, "s3:GetObject", key, Allow);
        check(READ, "S3:getobject", key, Allow);
        check(READ, "s3:ListBucket", key, Allow);
        check(READ, "s3:ListBuckets", key, Silent);
        check(READ, "s3:PutObject", key, Silent);
        check(READ, "s3:GetObject", other, Silent);
        check(ALL, "anything:AtAll", "*", Allow);
        check(&format!("{ALL},{NO_KEYS}"), "iam:CreateAccessKey", "*", Deny);
        check(&format!("{NO_KEYS},{ALL}"), "iam:CreateAccessKey", "*", Deny);
        check(&format!("{NO_KEYS},{ALL}"), "iam:CreateRole", "*", Allow);
        check(ALL_BUT_IAM, "s3:GetObject", key, Allow);
        check(ALL_BUT_IAM, "IAM:GetRole", "*", Silent);
        check(&format!("{ALL},{NOT_THERE}"), "s3:GetObject", key, Allow);
        check(&format!("{ALL},{NOT_THERE}"), "s3:GetObject", other, Deny);
    }

    #[test]
    fn what_is_not_evaluated_falls_to_the_safe_side() {
        use Verdict::{Allow, Deny, Silent};
        let (home, other) = ("arn:aws:s3:::b/ann/k", "arn:aws:s3:::c/k");
        check(IF, "s3:GetObject", other, Silent);
        check(&format!("{ALL},{NOT_IF}"), "s3:GetObject", other, Deny);
        check(HOME, "s3:GetObject", home, Silent);
        check(HOME, "s3:GetObject", "arn:aws:s3:::b/${aws:username}/k", Silent);
        check(&format!("{ALL},{NO_HOME}"), "s3:GetObject", home, Deny);
        check(&format!("{ALL},{NO_HOME}"), "s3:GetObject", other, Allow);
        check(BUT_HOME, "s3:GetObject", home, Silent);
        check(BUT_HOME, "s3:GetObject", other, Allow);
        check(&format!("{ALL},{DENY_BUT_HOME}"), "s3:GetObject", home, Deny);
    }

    #[test]
    fn a_denial_denies_everything_to_everybody() {
        let lambda = Caller::service(base::Account::default_account(), "lambda.amazonaws.com");
        assert_eq!(Compiled::denial().ask("a:B", "c"), Verdict::Deny);
        assert_eq!(Compiled::denial().trusts(&lambda, "sts:AssumeRole"), Trust::Denied);
        assert_eq!(Compiled::silent().ask("a:B", "c"), Verdict::Silent);
    }

    #[test]
    fn a_trust_policy_names_its_callers() {
        let account = base::Account::parse("111111111111").expect("digits");
        let lambda = Caller::service(account.clone(), "lambda.amazonaws.com");
        let events = Caller::service(account.clone(), "events.amazonaws.com");
        let root = Caller::root(account);
        let trusts = |statements: &str, caller: &Caller, action: &str| {
            let policy = trust_policy(&format!(r#"{{"Statement":[{statements}]}}"#)).expect(statements);
            Compiled::new(&policy).trusts(caller, action)
        };
        let to_lambda =
            r#"{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}"#;
        let to_all = r#"{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}"#;
        let to_none = r#"{"Effect":"Deny","Principal":"*","Action":"sts:*"}"#;
        let to_account = r#"{"Effect":"Allow","Principal":{"AWS":["111111111111"]},"Action":"sts:AssumeRole"}"#;
        let assume = "sts:AssumeRole";
        assert_eq!(trusts(to_lambda, &lambda, assume), Trust::Named(Match::Direct));
        assert_eq!(trusts(to_lambda, &lambda, "sts:TagSession"), Trust::Nobody);
        assert_eq!(trusts(to_lambda, &events, assume), Trust::Nobody);
        assert_eq!(trusts(to_lambda, &root, assume), Trust::Nobody);
        assert_eq!(trusts(to_all, &root, assume), Trust::Named(Match::Direct));
        assert_eq!(trusts(to_all, &lambda, assume), Trust::Nobody);
        assert_eq!(trusts(to_account, &root, assume), Trust::Named(Match::Account));
        assert_eq!(trusts(&format!("{to_lambda},{to_none}"), &lambda, assume), Trust::Denied);
    }
}
