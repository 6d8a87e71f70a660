//! What IAM says when something is not there, or there already, or too much: one place for its words.

use base::Fault;

use super::Entity;

fn not_found(message: String) -> Fault {
    Fault::new("NoSuchEntityException", message)
}

fn exists(message: String) -> Fault {
    Fault::new("EntityAlreadyExistsException", message)
}

fn conflict(message: &str) -> Fault {
    Fault::new("DeleteConflictException", message)
}

fn limit(message: String) -> Fault {
    Fault::new("LimitExceededException", message)
}

pub fn no_entity<E: Entity>(name: &str) -> Fault {
    not_found(format!("The {} with name {name} cannot be found.", E::KIND))
}

pub fn no_inline<E: Entity>(name: &str) -> Fault {
    not_found(format!("The {} policy with name {name} cannot be found.", E::KIND))
}

pub fn no_key(id: &str) -> Fault {
    not_found(format!("The Access Key with id {id} cannot be found."))
}

pub fn no_policy(arn: &str) -> Fault {
    not_found(format!("Policy {arn} was not found."))
}

pub fn no_version(arn: &str, version: &str) -> Fault {
    not_found(format!("Policy {arn} version {version} does not exist or is not attachable."))
}

pub fn not_attachable(arn: &str) -> Fault {
    not_found(format!("Policy {arn} does not exist or is not attachable."))
}

/// The policy exists, but this user or role doesn't hold it.
pub fn not_attached(arn: &str) -> Fault {
    no_policy(arn)
}

pub fn entity_exists<E: Entity>(name: &str) -> Fault {
    let kind = if E::KIND == "user" { "User" } else { "Role" };
    exists(format!("{kind} with name {name} already exists."))
}

pub fn policy_exists(name: &str) -> Fault {
    exists(format!("A policy called {name} already exists. Duplicate names are not allowed."))
}

pub fn must_detach() -> Fault {
    conflict("Cannot delete entity, must detach all policies first.")
}

pub fn must_delete_policies() -> Fault {
    conflict("Cannot delete entity, must delete policies first.")
}

pub fn must_delete_keys() -> Fault {
    conflict("Cannot delete entity, must delete access keys first.")
}

pub fn policy_in_use() -> Fault {
    conflict("Cannot delete a policy attached to entities.")
}

pub fn policy_has_versions() -> Fault {
    conflict(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
         The default version is deleted with the policy.",
    )
}

pub fn default_version() -> Fault {
    conflict("Cannot delete the default version of a policy.")
}

pub fn quota(name: &str, most: usize) -> Fault {
    limit(format!("Cannot exceed quota for {name}: {most}"))
}

pub fn inline_too_long<E: Entity>(name: &str) -> Fault {
    limit(format!("Maximum policy size of {} bytes exceeded for {} {name}", E::INLINE_CHARS, E::KIND))
}

pub fn too_many_versions() -> Fault {
    limit(
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing \
         version."
            .to_owned(),
    )
}

pub fn too_many_tags() -> Fault {
    Fault::new("InvalidInputException", "The number of tags has reached the maximum limit.")
}

pub fn same_tag() -> Fault {
    Fault::new("InvalidInputException", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
}

pub fn concurrent() -> Fault {
    let message = "The request was rejected because multiple requests to change this object were submitted \
                   simultaneously. Wait a few minutes and submit your request again.";
    Fault::new("ConcurrentModificationException", message)
}

pub fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidInputException", message)
}

/// A check that the contract's table can't express.
pub fn validation(message: impl Into<String>) -> Fault {
    Fault::new(Fault::VALIDATION, message)
}
