//! Users: what the contract says of them.

use base::Timestamp;
use wire::{Checks, Nothing, Resource, op, shape};

use super::{ANY_USER, AttachedPermissionsBoundary, ID, MARKER, NAME, PATH, PATH_PREFIX, TAG_KEY, Tag, USER, new_user};

shape! {
    pub struct CreateUserRequest {
        path: Option<String> = "Path" [len(1, 512), pattern(PATH)],
        user_name: String = "UserName" [len(1, 64), pattern(NAME)],
        permissions_boundary: Option<String> = "PermissionsBoundary" [len(20, 2048)],
        tags: Option<Vec<Tag>> = "Tags" [len(0, 50)],
    }
    pub struct CreateUserResponse {
        user: Option<User> = "User",
    }
    pub struct User {
        path: String = "Path" [len(1, 512), pattern(PATH)],
        user_name: String = "UserName" [len(1, 64), pattern(NAME)],
        user_id: String = "UserId" [len(16, 128), pattern(ID)],
        arn: String = "Arn" [len(20, 2048)],
        create_date: Timestamp = "CreateDate",
        password_last_used: Option<Timestamp> = "PasswordLastUsed",
        permissions_boundary: Option<AttachedPermissionsBoundary> = "PermissionsBoundary",
        tags: Option<Vec<Tag>> = "Tags" [len(0, 50)],
    }
    pub struct GetUserRequest {
        user_name: Option<String> = "UserName" [len(1, 128), pattern(NAME)],
    }
    pub struct GetUserResponse {
        user: User = "User",
    }
    pub struct ListUsersRequest {
        path_prefix: Option<String> = "PathPrefix" [len(1, 512), pattern(PATH_PREFIX)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListUsersResponse {
        users: Vec<User> = "Users",
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct DeleteUserRequest {
        user_name: String = "UserName" [len(1, 128), pattern(NAME)],
    }
    pub struct TagUserRequest {
        user_name: String = "UserName" [len(1, 128), pattern(NAME)],
        tags: Vec<Tag> = "Tags" [len(0, 50)],
    }
    pub struct UntagUserRequest {
        user_name: String = "UserName" [len(1, 128), pattern(NAME)],
        tag_keys: Vec<String> = "TagKeys" [len(0, 50), each(Checks::NONE.len(1, 128).pattern(TAG_KEY))],
    }
    pub struct ListUserTagsRequest {
        user_name: String = "UserName" [len(1, 128), pattern(NAME)],
        marker: Option<String> = "Marker" [len(1, 320), pattern(MARKER)],
        max_items: Option<i32> = "MaxItems" [range(1, 1000)],
    }
    pub struct ListUserTagsResponse {
        tags: Vec<Tag> = "Tags" [len(0, 50)],
        is_truncated: Option<bool> = "IsTruncated",
        marker: Option<String> = "Marker",
    }
    pub struct PutUserPermissionsBoundaryRequest {
        user_name: String = "UserName" [len(1, 64), pattern(NAME)],
        permissions_boundary: String = "PermissionsBoundary" [len(20, 2048)],
    }
    pub struct DeleteUserPermissionsBoundaryRequest {
        user_name: String = "UserName" [len(1, 64), pattern(NAME)],
    }
}

op! {
    /// Makes a user, without keys and permissions.
    pub CreateUser(CreateUserRequest) -> CreateUserResponse {
        http: POST 200 "/",
        permit: "iam:CreateUser" on Resource::Computed(new_user),
        errors: ["LimitExceededException", "EntityAlreadyExistsException", "NoSuchEntityException", "InvalidInputException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// One user; without a name, the caller.
    pub GetUser(GetUserRequest) -> GetUserResponse {
        http: POST 200 "/",
        permit: "iam:GetUser" on USER,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
    /// The users below a path.
    pub ListUsers(ListUsersRequest) -> ListUsersResponse {
        http: POST 200 "/",
        permit: "iam:ListUsers" on ANY_USER,
        errors: ["ServiceFailureException"],
    }
    /// Deletes a user who holds neither keys nor policies any more.
    pub DeleteUser(DeleteUserRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DeleteUser" on USER,
        errors: ["LimitExceededException", "NoSuchEntityException", "DeleteConflictException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// Adds or replaces tags.
    pub TagUser(TagUserRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:TagUser" on USER,
        errors: ["NoSuchEntityException", "LimitExceededException", "InvalidInputException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// Removes tags.
    pub UntagUser(UntagUserRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:UntagUser" on USER,
        errors: ["NoSuchEntityException", "ConcurrentModificationException", "ServiceFailureException"],
    }
    /// The tags of a user.
    pub ListUserTags(ListUserTagsRequest) -> ListUserTagsResponse {
        http: POST 200 "/",
        permit: "iam:ListUserTags" on USER,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
    /// Sets the policy that limits what the user may be granted.
    pub PutUserPermissionsBoundary(PutUserPermissionsBoundaryRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:PutUserPermissionsBoundary" on USER,
        errors: ["NoSuchEntityException", "InvalidInputException", "PolicyNotAttachableException", "ServiceFailureException"],
    }
    /// Removes that limit.
    pub DeleteUserPermissionsBoundary(DeleteUserPermissionsBoundaryRequest) -> Nothing {
        http: POST 200 "/",
        permit: "iam:DeleteUserPermissionsBoundary" on USER,
        errors: ["NoSuchEntityException", "ServiceFailureException"],
    }
}
