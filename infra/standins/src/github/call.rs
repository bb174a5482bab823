//! A call of an operation, as its handler reads it.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, FromRequestParts as _, Path, Query, Request},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::Uri;
use serde::de::DeserializeOwned;

use super::{
    GitHub, RepositoryGuard, body, errors::ApiError, git::ObjectId, guard::StoodAt,
    repository::Repository, wire::Wire,
};

pub(super) struct Call {
    pub(super) state: Arc<GitHub>,
    pub(super) uri: Uri,
    /// Owner and name of the repository; empty if the path does not contain them.
    pub(super) owner: String,
    pub(super) name: String,
    /// Last parameter of the path, such as the name of a reference.
    pub(super) item: String,
    pub(super) stood: StoodAt,
    body: Bytes,
}

impl FromRequest<Arc<GitHub>> for Call {
    type Rejection = Response;

    async fn from_request(request: Request, state: &Arc<GitHub>) -> Result<Self, Response> {
        let (mut head, body) = request.into_parts();
        let parameters = Path::<Vec<String>>::from_request_parts(&mut head, state).await;
        let Path(parameters) = parameters.map_err(|error| error.into_response())?;
        let mut parameters = parameters.into_iter();
        let mut next = || parameters.next().unwrap_or_default();
        let (owner, name, item) = (next(), next(), next());
        let stood = head.extensions.get::<StoodAt>().copied();
        let (state, uri) = (state.clone(), head.uri.clone());
        let body = Bytes::from_request(Request::from_parts(head, body), &state).await;
        Ok(Self {
            state,
            uri,
            owner,
            name,
            item,
            stood: stood.unwrap_or(StoodAt(None)),
            body: body.map_err(|error| error.into_response())?,
        })
    }
}

impl Call {
    /// Finds the repository and locks the state while it is in use.
    pub(super) fn repository(&self) -> Result<RepositoryGuard<'_>, ApiError> {
        self.state.repository(&self.owner, &self.name)
    }

    /// Like [`Self::repository`], for an operation of git's database.
    pub(super) fn database(&self) -> Result<RepositoryGuard<'_>, ApiError> {
        let repository = self.repository()?;
        repository.require_objects()?;
        Ok(repository)
    }

    pub(super) fn wire<'a>(&'a self, repository: &'a Repository) -> Wire<'a> {
        Wire {
            base: &self.state.base_url,
            repository,
        }
    }

    /// Returns the object that the path ends with.
    pub(super) fn object(&self) -> Result<ObjectId, ApiError> {
        self.item.parse().map_err(|_| ApiError::not_found())
    }

    /// Reads the body, which is a JSON object. Unknown members are ignored.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        body::read(&self.body)
    }

    pub(super) fn query<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let query = Query::try_from_uri(&self.uri);
        let Query(query) = query.map_err(|_| ApiError::unprocessable("Invalid parameters"))?;
        Ok(query)
    }
}
