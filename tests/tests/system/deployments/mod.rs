//! Projects are brought to their targets: by HTTP alone, looked at where they have arrived.

mod again;
mod failures;
mod fresh;
mod hosts;
mod limits;
mod refusals;
mod software;
mod troubles;
mod world;
