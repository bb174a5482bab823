//! Pages of a listing.

use s3s::dto::{CommonPrefix, ETag, Object as ListedObject};

use super::{index::Object, operations::timestamp};

/// A page of a listing.
#[derive(Default)]
pub(super) struct Page {
    pub(super) prefix: String,
    pub(super) delimiter: Option<String>,
    /// Last key or common prefix of the previous page.
    pub(super) after: String,
    /// Maximum keys and common prefixes.
    pub(super) most: usize,
    pub(super) objects: Vec<ListedObject>,
    pub(super) prefixes: Vec<CommonPrefix>,
    /// Last key or common prefix of this page.
    pub(super) last: String,
    pub(super) truncated: bool,
}

impl Page {
    /// Adds the next object in order, alone or within a common prefix. Returns false if the page is
    /// full.
    pub(super) fn add(&mut self, object: Object) -> bool {
        let rest = &object.key[self.prefix.len()..];
        let group = self.delimiter.as_ref().and_then(|delimiter| {
            let end = rest.find(delimiter.as_str())? + delimiter.len();
            Some(object.key[..self.prefix.len() + end].to_owned())
        });
        if let Some(group) = &group
            && (*group == self.last || *group == self.after)
        {
            return true;
        }
        if self.objects.len() + self.prefixes.len() >= self.most {
            self.truncated = self.most > 0;
            return false;
        }
        if let Some(group) = group {
            self.last.clone_from(&group);
            self.prefixes.push(CommonPrefix {
                prefix: Some(group),
            });
        } else {
            self.last.clone_from(&object.key);
            self.objects.push(ListedObject {
                key: Some(object.key),
                size: i64::try_from(object.size).ok(),
                e_tag: Some(ETag::Strong(object.etag)),
                last_modified: Some(timestamp(object.modified_ms)),
                ..ListedObject::default()
            });
        }
        true
    }
}
