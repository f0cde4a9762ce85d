//! What a disk may hold after the power went: the files as they were, and what the library of `faults/` noted since.
//!
//! 1. What was flushed is there, in the order of its writing.
//! 2. What was written and not flushed may be there, not be there, or be there in part, sector by sector; the order of
//!    writing says nothing.
//! 3. A name that was made, changed or removed counts once its folder was flushed. Until then some first part of these
//!    changes may be there, as file systems keep the order of names.
//! 4. A flush that failed leaves the writes before it to chance, and no later flush brings them back.

use std::{
    collections::BTreeMap,
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use super::dice::Dice;

/// Files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// What a disk writes at once or not at all.
const SECTOR_BYTES: usize = 512;
const MAGIC: u32 = 0x4641_5531;
const HEADER_BYTES: usize = 40;

/// One noted call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) operation: char,
    pub(crate) inode: u64,
    pub(crate) place: u64,
    pub(crate) name: String,
    pub(crate) data: Vec<u8>,
}

/// Reads the log. A record that was cut at its end was never finished, and what it describes was told to nobody.
pub(crate) fn read_log(bytes: &[u8]) -> Result<Vec<Noted>, String> {
    let mut noted = Vec::new();
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_at_checked(HEADER_BYTES) {
        let number = |at: usize, length: usize| {
            let bytes = header.get(at..at + length).unwrap_or_default();
            let whole = bytes.iter().rev();
            whole.fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte))
        };
        if number(0, 4) != u64::from(MAGIC) {
            return Err("the log of faults/ cannot be read".to_owned());
        }
        let lengths = (number(24, 8), number(32, 8));
        let name_length = usize::try_from(lengths.0).map_err(|error| error.to_string())?;
        let data_length = usize::try_from(lengths.1).map_err(|error| error.to_string())?;
        let Some((name, after)) = after.split_at_checked(name_length) else {
            break;
        };
        let Some((data, after)) = after.split_at_checked(data_length) else {
            break;
        };
        noted.push(Noted {
            operation: u8::try_from(number(4, 4)).map_or('?', char::from),
            inode: number(8, 8),
            place: number(16, 8),
            name: String::from_utf8_lossy(name).into_owned(),
            data: data.to_vec(),
        });
        rest = after;
    }
    Ok(noted)
}

/// A write that is not flushed.
#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Cut { length: usize },
}

/// A file's content, whatever its name.
#[derive(Clone, Debug, Default)]
struct Content {
    flushed: Vec<u8>,
    pending: Vec<Change>,
}

/// A change of a name that is not flushed.
#[derive(Clone, Debug)]
enum Naming {
    Made(String, usize),
    Removed(String),
    Renamed(String, String),
}

/// A folder of files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    contents: Vec<Content>,
    /// The content each inode stands for at the moment; numbers are used again after a removal.
    inodes: BTreeMap<u64, usize>,
    flushed_names: BTreeMap<String, usize>,
    names: BTreeMap<String, usize>,
    namings: Vec<Naming>,
}

/// How much of what was not flushed is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Luck {
    Nothing,
    Everything,
    /// Everything up to some moment, the last of it torn.
    FirstPart,
    /// Anything, in any order, sector by sector.
    Anything,
}

impl Disk {
    /// A folder whose files are all flushed.
    pub(crate) fn of(files: Files) -> Self {
        let mut disk = Self::default();
        for (name, flushed) in files {
            let number = disk.add(Content {
                flushed,
                pending: Vec::new(),
            });
            disk.names.insert(name.clone(), number);
            disk.flushed_names.insert(name, number);
        }
        disk
    }

    fn add(&mut self, content: Content) -> usize {
        self.contents.push(content);
        self.contents.len() - 1
    }

    /// Applies what was noted. `dice` decides what a failed flush left behind.
    pub(crate) fn replay(&mut self, log: Vec<Noted>, dice: &mut Dice) -> Result<(), String> {
        for noted in log {
            match noted.operation {
                'C' => {
                    let number = self.add(Content::default());
                    self.inodes.insert(noted.inode, number);
                    self.names.insert(noted.name.clone(), number);
                    self.namings.push(Naming::Made(noted.name, number));
                }
                'U' => {
                    self.names.remove(&noted.name);
                    self.namings.push(Naming::Removed(noted.name));
                }
                'R' => {
                    let target = String::from_utf8_lossy(&noted.data).into_owned();
                    if let Some(number) = self.names.remove(&noted.name) {
                        self.names.insert(target.clone(), number);
                    }
                    self.namings.push(Naming::Renamed(noted.name, target));
                }
                'L' => {
                    let target = String::from_utf8_lossy(&noted.data).into_owned();
                    if let Some(number) = self.names.get(&noted.name).copied() {
                        self.names.insert(target.clone(), number);
                        self.namings.push(Naming::Made(target, number));
                    }
                }
                'D' => {
                    let namings = std::mem::take(&mut self.namings);
                    apply(&mut self.flushed_names, namings);
                }
                'W' | 'T' | 'S' | 'F' => self.change(noted, dice)?,
                other => {
                    return Err(format!(
                        "the log of faults/ has an unknown record `{other}`"
                    ));
                }
            }
        }
        Ok(())
    }

    fn change(&mut self, noted: Noted, dice: &mut Dice) -> Result<(), String> {
        let number = match self.inodes.get(&noted.inode) {
            Some(number) => *number,
            // A file that was there before the log began.
            None => *self.names.get(&noted.name).ok_or_else(|| {
                format!(
                    "the log of faults/ writes to {} before it is made",
                    noted.name
                )
            })?,
        };
        self.inodes.insert(noted.inode, number);
        let content = self.contents.get_mut(number).ok_or("no such file")?;
        let place = usize::try_from(noted.place).map_err(|error| error.to_string())?;
        match noted.operation {
            'W' => content.pending.push(Change::Write {
                at: place,
                data: noted.data,
            }),
            'T' => content.pending.push(Change::Cut { length: place }),
            'S' => content.settle(Luck::Everything, dice),
            _ => content.settle(Luck::Anything, dice),
        }
        Ok(())
    }

    /// The power goes. The files as they are found.
    pub(crate) fn cut(mut self, dice: &mut Dice) -> Files {
        let luck = match dice.between(0..4) {
            0 => Luck::Nothing,
            1 => Luck::Everything,
            2 => Luck::FirstPart,
            _ => Luck::Anything,
        };
        let kept = match luck {
            Luck::Nothing => 0,
            Luck::Everything => self.namings.len(),
            Luck::FirstPart | Luck::Anything => below(dice, self.namings.len() + 1),
        };
        self.namings.truncate(kept);
        apply(&mut self.flushed_names, self.namings);
        for content in &mut self.contents {
            content.settle(luck, dice);
        }
        let contents = self.contents;
        self.flushed_names
            .into_iter()
            .filter_map(|(name, number)| Some((name, contents.get(number)?.flushed.clone())))
            .collect()
    }
}

impl Content {
    /// Decides what becomes of everything that is not flushed.
    fn settle(&mut self, luck: Luck, dice: &mut Dice) {
        let pending = std::mem::take(&mut self.pending);
        let kept = match luck {
            Luck::Nothing => 0,
            Luck::Everything | Luck::Anything => pending.len(),
            Luck::FirstPart => below(dice, pending.len() + 1),
        };
        let last = kept.checked_sub(1);
        for (number, change) in pending.into_iter().take(kept).enumerate() {
            let whole = match luck {
                Luck::FirstPart => Some(number) != last,
                Luck::Anything => dice.one_in(2),
                Luck::Nothing | Luck::Everything => true,
            };
            match change {
                Change::Cut { length } if whole || dice.one_in(2) => self.flushed.resize(length, 0),
                Change::Cut { .. } => {}
                Change::Write { at, data } if whole => self.put(at, &data),
                Change::Write { at, data } => self.tear(at, &data, dice),
            }
        }
    }

    fn put(&mut self, at: usize, data: &[u8]) {
        let end = at + data.len();
        if self.flushed.len() < end {
            self.flushed.resize(end, 0);
        }
        if let Some(place) = self.flushed.get_mut(at..end) {
            place.copy_from_slice(data);
        }
    }

    /// Some sectors of the file get what was written, others keep what they had.
    fn tear(&mut self, at: usize, data: &[u8], dice: &mut Dice) {
        let mut from = at;
        let mut rest = data;
        while !rest.is_empty() {
            let room = SECTOR_BYTES - from % SECTOR_BYTES;
            let (sector, after) = rest.split_at(room.min(rest.len()));
            if dice.one_in(2) {
                self.put(from, sector);
            }
            from += sector.len();
            rest = after;
        }
    }
}

fn apply(names: &mut BTreeMap<String, usize>, namings: Vec<Naming>) {
    for naming in namings {
        match naming {
            Naming::Made(name, number) => {
                names.insert(name, number);
            }
            Naming::Removed(name) => {
                names.remove(&name);
            }
            Naming::Renamed(name, target) => {
                if let Some(number) = names.remove(&name) {
                    names.insert(target, number);
                }
            }
        }
    }
}

fn below(dice: &mut Dice, limit: usize) -> usize {
    usize::try_from(dice.between(0..limit as u64)).unwrap_or(0)
}

/// Makes the folder hold these files and no others, readable by their owner alone as the store leaves them.
pub(crate) fn write_folder(folder: &Path, files: &Files) -> Result<(), String> {
    let said = |error: io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(said)? {
        let entry = entry.map_err(said)?;
        if !files.contains_key(entry.file_name().to_string_lossy().as_ref()) {
            fs::remove_file(entry.path()).map_err(said)?;
        }
    }
    for (name, content) in files {
        let path = folder.join(name);
        fs::write(&path, content)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o600)))
            .map_err(said)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "disk_tests.rs"]
mod tests;
