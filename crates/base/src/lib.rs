//! The words that every room uses, and the doors between the rooms. Knows neither HTTP, nor disk, nor any service.

pub mod arn;
pub mod caller;
pub mod clock;
pub mod doors;
pub mod fault;
pub mod limits;
pub mod random;
pub mod scope;
pub mod tasks;
pub mod value;

pub use arn::Arn;
pub use caller::{Caller, Principal};
pub use clock::{Clock, Timestamp};
pub use doors::Decision;
pub use fault::Fault;
pub use random::Random;
pub use scope::{Account, Region, Scope};
pub use tasks::Tasks;
pub use value::{Fields, Value};
