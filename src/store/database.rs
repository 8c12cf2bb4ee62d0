//! The store in IndexedDB: database `ottla` with the disks' extents, the files' lengths, the journal and named values.
//!
//! Serves window and worker alike. Four rules keep it from hanging or tearing: a transaction awaits nothing but its own end
//! or its own requests; its end is listened to before it can come; what fails is aborted, for a dropped transaction
//! commits; a connection is closed when another tab wants to change the database, and when it is dropped.

use std::{cell::RefCell, rc::Rc};

use idb::{Database, DatabaseEvent as _, Factory, KeyRange, ObjectStoreParams, Query, Transaction, TransactionMode};
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DomException, IdbTransaction};

use super::{Saved, SavedFile, StoreError, StoreOp, coalesce};

const VERSION: u32 = 1;

/// Key `[lab, host, path, index]`: a `Uint8Array`.
const EXTENTS: &str = "extents";
/// Key `[lab, host, path]`: the file's length in bytes.
const FILES: &str = "files";
/// Key `[lab, index]`: an entry's text.
const JOURNAL: &str = "journal";
/// Key and value are strings.
const VALUES: &str = "kv";
const ALL: &[&str] = &[EXTENTS, FILES, JOURNAL, VALUES];

type Result<T> = std::result::Result<T, StoreError>;

/// An open database. Dropping it closes the connection.
#[derive(Debug)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Opens the page's database, and makes it if there is none.
    ///
    /// # Errors
    /// `Unavailable` where the browser keeps nothing; `Blocked` while another tab holds an older version of it.
    pub async fn open() -> Result<Self> {
        Self::open_named("ottla").await
    }

    /// Opens a database of another name, for tests.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_named(name: &str) -> Result<Self> {
        let factory = Factory::new().map_err(|_| StoreError::Unavailable)?;
        let mut request = factory.open(name, Some(VERSION)).map_err(typed)?;
        request.on_upgrade_needed(|event| {
            if let Ok(database) = event.database()
                && create(&database).is_err()
            {
                // Without its stores the database is of no use: reading and writing will say so.
                database.close();
            }
        });
        let mut blocked = None;
        let answered = Promise::new(&mut |resolve, _| blocked = Some(resolve));
        let answer = blocked.expect("a promise runs its executor at once");
        let on_blocked = answer.clone();
        request.on_blocked(move |_| drop(on_blocked.call0(&JsValue::NULL)));
        let outcome = Rc::new(RefCell::new(Some(Err(StoreError::Blocked))));
        let slot = outcome.clone();
        // Were the request dropped while it is blocked, its late success would call a closure that is gone.
        spawn_local(async move {
            let opened = request.await.map_err(typed).map(Self::of);
            if let Some(waiting) = slot.borrow_mut().as_mut() {
                *waiting = opened;
            }
            drop(answer.call0(&JsValue::NULL));
        });
        drop(JsFuture::from(answered).await);
        outcome.take().unwrap_or(Err(StoreError::Blocked))
    }

    fn of(mut database: Database) -> Self {
        database.on_version_change(|event| {
            if let Ok(database) = event.database() {
                database.close(); // another tab upgrades or deletes it: let it
            }
        });
        Self { database }
    }

    /// Deletes a database with all that it holds.
    ///
    /// # Errors
    /// The browser's.
    pub async fn delete_named(name: &str) -> Result<()> {
        let factory = Factory::new().map_err(|_| StoreError::Unavailable)?;
        factory.delete(name).map_err(typed)?.await.map_err(typed)
    }

    /// Carries out a batch for the lab `lab`: all of it, or nothing.
    ///
    /// # Errors
    /// `Quota` when there is no room; `Unavailable` when the connection has been closed.
    pub async fn commit(&self, lab: &str, ops: Vec<StoreOp>) -> Result<()> {
        if ops.is_empty() {
            return Ok(());
        }
        let transaction = self.database.transaction(ALL, TransactionMode::ReadWrite).map_err(typed)?;
        let asked = coalesce(ops).iter().try_for_each(|op| ask(&transaction, lab, op));
        end(transaction, asked).await
    }

    /// All that is kept of the lab `lab`; nothing of a lab that never was.
    ///
    /// # Errors
    /// The browser's; `Other` for what no version of this page wrote.
    pub async fn load_all(&self, lab: &str) -> Result<Saved> {
        let stores = &[EXTENTS, FILES, JOURNAL];
        let transaction = self.database.transaction(stores, TransactionMode::ReadOnly).map_err(typed)?;
        let rows = async |name: &str| {
            let store = transaction.object_store(name)?;
            // Asked before either is awaited: keys and values are of the same moment, in the same order.
            let keys = store.get_all_keys(Some(within(&[lab])?), None)?;
            let values = store.get_all(Some(within(&[lab])?), None)?;
            Ok::<_, idb::Error>(keys.await?.into_iter().zip(values.await?).collect::<Vec<_>>())
        };
        let extents = rows(EXTENTS).await.map_err(typed)?;
        let files = rows(FILES).await.map_err(typed)?;
        let journal = rows(JOURNAL).await.map_err(typed)?;
        let journal =
            journal.into_iter().map(|(_, entry)| entry.as_string().ok_or_else(foreign)).collect::<Result<_>>()?;
        Ok(Saved { files: whole_files(files, extents)?, journal })
    }

    /// A named value.
    ///
    /// # Errors
    /// The browser's.
    pub async fn value(&self, key: &str) -> Result<Option<String>> {
        let transaction = self.database.transaction(&[VALUES], TransactionMode::ReadOnly).map_err(typed)?;
        let store = transaction.object_store(VALUES).map_err(typed)?;
        let found = store.get(Query::Key(key.into())).map_err(typed)?.await.map_err(typed)?;
        Ok(found.and_then(|value| value.as_string()))
    }
}

/// An open connection would block other tabs until the garbage collector finds it.
impl Drop for Store {
    fn drop(&mut self) {
        self.database.close();
    }
}

/// Makes the object stores of version 1.
fn create(database: &Database) -> std::result::Result<(), idb::Error> {
    ALL.iter().try_for_each(|name| database.create_object_store(name, ObjectStoreParams::new()).map(drop))
}

/// Asks for one change and awaits nothing: the transaction's end tells of all.
fn ask(transaction: &Transaction, lab: &str, op: &StoreOp) -> std::result::Result<(), idb::Error> {
    let store = |name| transaction.object_store(name);
    match op {
        StoreOp::Extent { host, path, index, data, len } => {
            let file = [lab, host, path];
            let bytes = Uint8Array::from(data.as_ref());
            store(EXTENTS)?.put(&bytes, Some(&key(&file, Some(*index))))?;
            store(FILES)?.put(&(*len as f64).into(), Some(&key(&file, None)))?;
            let beyond = len.div_ceil(ottla_world::EXTENT_BYTES).max(1);
            let range = KeyRange::bound(&key(&file, Some(beyond)), &last(&file), None, None)?;
            store(EXTENTS)?.delete(Query::KeyRange(range))?;
        }
        StoreOp::Removed { host, path } => {
            let file = [lab, host, path];
            store(EXTENTS)?.delete(within(&file)?)?;
            store(FILES)?.delete(Query::Key(key(&file, None)))?;
        }
        StoreOp::Journal { index, entry } => {
            drop(store(JOURNAL)?.put(&entry.into(), Some(&key(&[lab], Some(*index))))?)
        }
        StoreOp::CutJournal { from } => {
            let range = KeyRange::bound(&key(&[lab], Some(*from)), &last(&[lab]), None, None)?;
            store(JOURNAL)?.delete(Query::KeyRange(range))?;
        }
        StoreOp::DropLab => {
            store(EXTENTS)?.delete(within(&[lab])?)?;
            store(FILES)?.delete(within(&[lab])?)?;
            store(JOURNAL)?.delete(within(&[lab])?)?;
        }
        StoreOp::Put { key, value } => drop(store(VALUES)?.put(&value.into(), Some(&key.into()))?),
        StoreOp::Delete { key } => drop(store(VALUES)?.delete(Query::Key(key.into()))?),
    }
    Ok(())
}

/// The end of a transaction in which `asked` was asked for: committed, or rolled back and the reason.
async fn end(transaction: Transaction, asked: std::result::Result<(), idb::Error>) -> Result<()> {
    let inner = IdbTransaction::from(transaction);
    // Listened to before it can come. `abort` also tells of requests that failed and of a quota met at the commit.
    let ended = Promise::new(&mut |resolve, reject| {
        inner.set_oncomplete(Some(&resolve));
        inner.set_onabort(Some(&reject));
    });
    let sent = match asked {
        // A dropped transaction would commit the half. An abort that fails comes too late: it has ended already.
        Err(error) => {
            drop(inner.abort());
            Err(typed(error))
        }
        Ok(()) => Ok(()),
    };
    let committed = JsFuture::from(ended).await.is_ok();
    sent?;
    match inner.error() {
        _ if committed => Ok(()),
        Some(error) => Err(StoreError::named(&error.name(), &error.message())),
        None => Err(StoreError::Other("the transaction was rolled back".into())),
    }
}

/// The key made of `names` and, if given, a number. A number beyond 2^53 bytes' worth of extents does not occur.
fn key(names: &[&str], number: Option<u64>) -> JsValue {
    let parts = names.iter().map(|name| JsValue::from_str(name));
    parts.chain(number.map(|number| JsValue::from_f64(number as f64))).collect::<Array>().into()
}

/// A key after all that begin with `names`: lists come after numbers and texts.
fn last(names: &[&str]) -> JsValue {
    let parts = names.iter().map(|name| JsValue::from_str(name));
    parts.chain([Array::new().into()]).collect::<Array>().into()
}

/// All keys that begin with `names`.
fn within(names: &[&str]) -> std::result::Result<Query, idb::Error> {
    KeyRange::bound(&key(names, None), &last(names), None, None).map(Query::KeyRange)
}

type Row = (JsValue, JsValue);

/// Both are in the order of their keys, so that a file's extents follow each other.
fn whole_files(files: Vec<Row>, extents: Vec<Row>) -> Result<Vec<SavedFile>> {
    let mut extents = extents.into_iter().peekable();
    let mut whole = Vec::with_capacity(files.len());
    for (file, len) in files {
        let name = names(&file)?;
        let len = len.as_f64().ok_or_else(foreign)? as u64;
        let mut parts = Vec::new();
        // An extent of a file that has no length comes before it: nobody's.
        while let Some((extent, _)) = extents.peek()
            && names(extent)? <= name
        {
            let Some((extent, bytes)) = extents.next() else { break };
            if names(&extent)? == name {
                let index = Array::from(&extent).get(3).as_f64().ok_or_else(foreign)?;
                let bytes = bytes.dyn_into::<Uint8Array>().map_err(|_| foreign())?;
                parts.push((index as u64, bytes.to_vec()));
            }
        }
        whole.push(SavedFile::from_extents(name.0, name.1, len, &parts));
    }
    Ok(whole)
}

/// Host and path in the key of a file or an extent.
fn names(key: &JsValue) -> Result<(String, String)> {
    let parts = Array::from(key);
    let text = |at| parts.get(at).as_string().ok_or_else(foreign);
    Ok((text(1)?, text(2)?))
}

/// A stored value that no version of this page wrote.
fn foreign() -> StoreError {
    StoreError::Other("the storage holds something foreign".into())
}

/// idb's errors carry the browser's own inside.
fn typed(error: idb::Error) -> StoreError {
    use idb::Error as E;
    let exception = match &error {
        E::DomException(exception) => Some(exception.clone()),
        E::AddFailed(value)
        | E::UpdateFailed(value)
        | E::DeleteFailed(value)
        | E::GetFailed(value)
        | E::GetAllFailed(value)
        | E::GetAllKeysFailed(value)
        | E::IndexedDbOpenFailed(value)
        | E::IndexedDbDeleteFailed(value)
        | E::ObjectStoreNotFound(value)
        | E::TransactionOpenFailed(value) => value.dyn_ref::<DomException>().cloned(),
        _ => None,
    };
    match exception {
        Some(exception) => StoreError::named(&exception.name(), &exception.message()),
        None => StoreError::Other(error.to_string()),
    }
}
