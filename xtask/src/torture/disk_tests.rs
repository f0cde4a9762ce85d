//! The disk must forget what was not flushed, and nothing else.

use super::*;

fn noted(operation: char, name: &str, place: u64, data: &[u8]) -> Noted {
    let inode = u64::from(name.bytes().fold(0_u8, u8::wrapping_add));
    Noted {
        operation,
        inode,
        place,
        name: name.to_owned(),
        data: data.to_vec(),
    }
}

/// Every folder that 200 seeds find after this log.
fn found(base: &Files, log: &[Noted]) -> Vec<Files> {
    (0..200)
        .map(|seed| {
            let mut dice = Dice::new(seed);
            let mut disk = Disk::of(base.clone());
            disk.replay(log.to_vec(), &mut dice).unwrap();
            disk.cut(&mut dice)
        })
        .collect()
}

fn one(content: &[u8]) -> Files {
    Files::from([("a".to_owned(), content.to_vec())])
}

#[test]
fn what_was_flushed_is_always_there_and_the_rest_only_sometimes() {
    let log = [
        noted('W', "a", 0, b"one"),
        noted('S', "a", 0, b""),
        noted('W', "a", 3, b"two"),
    ];
    let all = found(&one(b""), &log);
    assert!(all.iter().all(|files| files["a"].starts_with(b"one")));
    assert!(all.contains(&one(b"one")) && all.contains(&one(b"onetwo")));
}

#[test]
fn writes_are_torn_at_sectors_and_arrive_in_any_order() {
    let log = [
        noted('W', "a", 0, &[1; 1024]),
        noted('W', "a", 1024, &[2; 512]),
    ];
    let all = found(&one(&[]), &log);
    let torn = [vec![0; 512], vec![1; 512], vec![2; 512]].concat();
    let later_only = [vec![0; 1024], vec![2; 512]].concat();
    assert!(all.contains(&one(&torn)) && all.contains(&one(&later_only)));
    let sectors = |files: &Files| {
        let whole = |sector: &[u8]| sector.windows(2).all(|pair| pair[0] == pair[1]);
        files["a"].chunks(SECTOR_BYTES).all(whole)
    };
    assert!(all.iter().all(sectors));
}

#[test]
fn a_name_counts_when_its_folder_was_flushed() {
    let made = [
        noted('C', "b", 0, b""),
        noted('W', "b", 0, b"x"),
        noted('S', "b", 0, b""),
    ];
    let all = found(&one(b"1"), &made);
    assert!(all.iter().any(|files| !files.contains_key("b")));
    assert!(
        all.iter()
            .any(|files| files.get("b") == Some(&b"x".to_vec()))
    );
    let flushed = [&made[..], &[noted('D', "", 0, b"")]].concat();
    assert!(
        found(&one(b"1"), &flushed)
            .iter()
            .all(|files| files["b"] == b"x")
    );
    let removed = [&flushed[..], &[noted('U', "b", 0, b"")]].concat();
    let all = found(&one(b"1"), &removed);
    assert!(all.iter().any(|files| files.contains_key("b")));
    assert!(all.iter().any(|files| !files.contains_key("b")));
    let renamed = [
        &made[..],
        &[noted('R', "b", 0, b"a"), noted('D', "", 0, b"")],
    ]
    .concat();
    assert!(
        found(&one(b"1"), &renamed)
            .iter()
            .all(|files| *files == one(b"x"))
    );
}

#[test]
fn a_failed_flush_leaves_its_writes_to_chance_for_ever() {
    let log = [
        noted('W', "a", 0, b"x"),
        noted('F', "a", 0, b""),
        noted('S', "a", 0, b""),
    ];
    let all = found(&one(b"-"), &log);
    assert!(all.contains(&one(b"-")) && all.contains(&one(b"x")));
}

#[test]
fn a_cut_and_a_name_used_again_are_followed() {
    let log = [
        noted('T', "a", 1, b""),
        noted('S', "a", 0, b""),
        noted('U', "a", 0, b""),
        noted('C', "a", 0, b""),
        noted('D', "", 0, b""),
        noted('W', "a", 0, b"new"),
        noted('S', "a", 0, b""),
    ];
    assert!(
        found(&one(b"old"), &log[..2])
            .iter()
            .all(|files| *files == one(b"o"))
    );
    assert!(
        found(&one(b"old"), &log)
            .iter()
            .all(|files| *files == one(b"new"))
    );
}

#[test]
fn a_log_is_read_up_to_its_cut_end_and_not_beyond_a_broken_record() {
    let mut bytes = Vec::new();
    for number in [u64::from(MAGIC) | u64::from(b'W') << 32, 7, 4096, 1, 3] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(b"axyz");
    let want = Noted {
        operation: 'W',
        inode: 7,
        place: 4096,
        name: "a".to_owned(),
        data: b"xyz".to_vec(),
    };
    assert_eq!(read_log(&bytes).unwrap(), std::slice::from_ref(&want));
    let cut = [&bytes[..], &bytes[..bytes.len() - 1]].concat();
    assert_eq!(read_log(&cut).unwrap(), [want]);
    assert!(read_log(&[0; HEADER_BYTES]).is_err());
}
