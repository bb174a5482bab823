//! Git's objects, stored and named like git does:
//! <https://git-scm.com/book/en/v2/Git-Internals-Git-Objects>.

mod commit;
mod object;
mod store;
mod tree;

pub(super) use commit::{Commit, Moment, Person};
pub(super) use object::{Kind, Object, ObjectId};
pub(super) use store::Store;
pub(super) use tree::{Entry, Files, Mode};
