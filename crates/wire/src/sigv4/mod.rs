//! AWS Signature Version 4: who signed a request, and whether it arrived as it was signed.
//!
//! [`Verifier::verify`] is the way in: it is given a request, what the service accepts, and a function that looks keys
//! up. [`sign()`] and [`presign`] are the way out: the command line, calls to other endpoints and tests sign with them.
//!
//! - The body's hash is always computed. What `x-amz-content-sha256` says is never believed, only compared.
//! - Signed requests can be sent again within their window (5 minutes either side, or `X-Amz-Expires`): AWS has no
//!   nonce, and so has nothing here. Operations that must not run twice carry client tokens.
//! - Faults carry the codes of the JSON services (`InvalidSignatureException`); [`query_code`] gives the names that IAM,
//!   STS and the other XML services use for the same things.
//! - Left out: SigV4a (asymmetric, for multi-region endpoints) and S3's browser uploads by POST policy.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html> and, for payloads in chunks,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>.

mod canonical;
mod checksum;
mod chunked;
mod claim;
mod key;
mod payload;
mod sign;
mod stamp;
mod verify;
mod words;

#[cfg(test)]
mod tests;

pub use claim::{Claim, CredentialScope};
pub use key::Secret;
pub use sign::{Credentials, Error as SignError, presign, sign};
pub use verify::{Accept, Credential, Keys, Rules, Signed, Verifier};
pub use words::{ERRORS, query_code};

/// The one algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What ends a credential's scope.
const TERMINATOR: &str = "aws4_request";
