//! Importing files: what goes in, and what is refused with its line.

use std::fs;

use crate::{run, stdout};

/// Imports one file beside those that every import needs, and gives exit code and output.
fn import(content: &[u8]) -> (i32, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: &[u8]| fs::write(folder.path().join(name), content).expect("a file");
    write("a.csv", content);
    write("partners.csv", b"partner,name,enrolled_on\nnordwind,Nordwind,2020-01-01\n");
    write("people.csv", b"professional,name,email,signed_up_on\nada,Ada,ada@example.com,2023-01-01\n");
    let output = run(folder.path(), &["import", "--create", "a.csv", "people.csv", "partners.csv"]);
    let verified = run(folder.path(), &["verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
    (output.status.code().expect("an exit code"), stdout(&output))
}

const ACTIVITIES: &str = "source,external_id,professional,partner,kind,occurred_on,points,quantity,repost";

/// Rows below the header of activities, and lines of the output.
const ROWS: [(&[u8], &[&str]); 20] = [
    (b"s,1,ada,,DOCS_CORRECTION,2025-01-01,,,\n", &["a.csv: recorded 1, duplicate 0, refused 0"]),
    (
        b"s,1,ada,,DOCS_CORRECTION,2025-01-01,,,\r\n\r\ns,1,ada,,DOCS_CORRECTION,2025-01-01,,,\r\n",
        &["a.csv: recorded 1, duplicate 1, refused 0"],
    ),
    (b"s,1,,nordwind,LINKEDIN_POST,2025-01-01,,2,false\n", &["a.csv: recorded 1, duplicate 0"]),
    (b"s,1,,nordwind,LINKEDIN_POST,2025-01-01,,2,true\n", &["a.csv:2: repost: Reposts do not count"]),
    (
        b"s,1,,nordwind,LINKEDIN_POST,2025-01-01,,2,yes\n",
        &["a.csv:2: repost: is true or false; got \"yes\".\n"],
    ),
    (
        b"s,\"1\n\nx\",ada,,DOCS_CORRECTION,2025-01-01,,,\n\ns,2,ada,,DOCS_CORRECTION,2024-02-30,,,\n",
        &[
            "a.csv:2: external_id: ",
            "a.csv:6: occurred_on: \"2024-02-30\" is not a date; write YYYY-MM-DD, such as 2026-06-30\n",
            "refused 2",
        ],
    ),
    (
        b"s,1,ada,,DOCS_CORRECTION,2026-09-01,,,\n",
        &["a.csv:2: occurred_on: 2026-09-01 is in the future; today is 2026-08-31.\n"],
    ),
    (
        b"s,1,ada,,DOCS_CORRECTION,2022-12-31,,,\n",
        &["a.csv:2: occurred_on: 2022-12-31 is before the professional's sign-up"],
    ),
    (
        b"s,1,ada,,VOTE_CAST,2025-01-01,many,,\n",
        &["a.csv:2: points: \"many\" is not a whole number, such as 12\n"],
    ),
    (b"s,1,ada,,VOTE_CAST,2025-01-01,99999999999999999999,,\n", &["a.csv:2: points: \"999"]),
    (
        b"s,1,ada,,VOTE_CAST,2025-01-01,76,,\n",
        &["a.csv:2: points: VOTE_CAST accepts 10 to 75 points; got 76.\n"],
    ),
    (
        b"s,1,ada,nordwind,VOTE_CAST,2025-01-01,75,,\n",
        &["a.csv:2: professional, partner: both are given (\"ada\", \"nordwind\"); fill in exactly one\n"],
    ),
    (
        b"s,1,,,VOTE_CAST,2025-01-01,75,,\n",
        &["a.csv:2: professional, partner: both are empty; fill in exactly one\n"],
    ),
    (
        b"s,1,bob,,VOTE_CAST,2025-01-01,75,,\n",
        &["a.csv:2: professional: There is no professional with the code \"bob\".\n"],
    ),
    // Every problem of a row is listed.
    (
        b",,ada,,,2025-02-30,many,1.5,\n",
        &[
            "a.csv:2: kind: this may not be empty; occurred_on: \"2025-02-30\" is not a date; write YYYY-MM-DD, \
               such as 2026-06-30; quantity: \"1.5\" is not a whole number, such as 12; points: \"many\" is not a whole \
               number, such as 12; source: this may not be empty; external_id: this may not be empty\n",
        ],
    ),
    (
        b"s,1,bob,,VOTE_CSAT,2026-09-01,,,\n",
        &[
            "a.csv:2: professional: There is no professional with the code \"bob\". kind: VOTE_CSAT is not an activity kind \
               for professionals. Did you mean VOTE_CAST? occurred_on: 2026-09-01 is in the future; today is 2026-08-31.\n",
        ],
    ),
    (b"s,1,ada\n", &["a.csv:2: the row has 3 fields, but the header has 9\n"]),
    (
        b"s,\xff,ada,,DOCS_CORRECTION,2025-01-01,,,\ns,2,ada,,DOCS_CORRECTION,2025-01-01,,,\n",
        &[
            "a.csv:2: external_id: not valid UTF-8; save the file as CSV in UTF-8\n",
            "a.csv: recorded 1, duplicate 0, refused 1",
        ],
    ),
    (b"s,1\0,ada,,DOCS_CORRECTION,2025-01-01,,,\n", &["a.csv:2: external_id: contains a NUL character\n"]),
    (
        b"s,1,ada,,DOCS_CORRECTION,2025-01-01,,,\ns,1,ada,,DOCS_CORRECTION,2025-01-02,,,\n",
        &["a.csv:3: occurred_on: "],
    ),
];

#[test]
fn rows_go_in_or_are_refused_by_line() {
    for (rows, expected) in ROWS {
        let content = [ACTIVITIES.as_bytes(), b"\n", rows].concat();
        let (code, output) = import(&content);
        for line in expected {
            assert!(output.contains(line), "{}: {output}", String::from_utf8_lossy(rows));
        }
        let is_refused = output.contains("a.csv:2: ") || output.contains("a.csv:3: ");
        assert_eq!(code, if is_refused { 2 } else { 0 }, "{output}");
    }
}

#[test]
fn files_are_recognised_or_refused_as_a_whole() {
    // content, exit code, words of the output
    let table: [(&[u8], i32, &str); 15] = [
        (b"", 2, "a.csv:1: the file is empty; its first line must be a header\n"),
        (b"one,two\n1,2\n", 2, "a.csv:1: unknown header \"one,two\"; accepted headers: partner,name,enrolled_on;"),
        (
            b"partner,nam,enrolled_on\n",
            2,
            "a.csv:1: missing column `name`; unknown column `nam` (did you mean `name`?); accepted headers: partner,",
        ),
        (b"partner,enrolled_on\n", 2, "a.csv:1: missing column `name`; accepted headers: partner,"),
        (b"partner,name,name,enrolled_on\n", 2, "a.csv:1: duplicate column `name` in the header\n"),
        (b"partner,name,enrolled_on,colour\n", 2, "a.csv:1: unknown column `colour`; accepted headers: partner,"),
        (b"source,external_id,kind,occurred_on\n", 2, "missing column `professional` or `partner`; accepted headers: "),
        (b"partner,na\xffme,enrolled_on\n", 2, "a.csv:1: the header is not valid UTF-8; save the file as CSV in UTF-8\n"),
        (b"\n\npartner,enrolled_on\n", 2, "a.csv:3: missing column `name`"),
        (b"partner,name,enrolled_on\n", 0, "a.csv: recorded 0, duplicate 0, refused 0"),
        (b"\xef\xbb\xbfpartner,name,enrolled_on\nx,X,2020-01-01\n", 0, "a.csv: recorded 1, duplicate 0"),
        (b"\xef\xbb\xbf\"partner\",name,enrolled_on\r\nx,X,2020-01-01\r\n", 0, "a.csv: recorded 1, duplicate 0"),
        (b"enrolled_on,partner,name\n2020-01-01,-x,X\n", 2, "a.csv:2: partner: \"-x\" is not a code; a code has 1 to 64"),
        (
            b"professional,partner,starts_on,ends_on\nada,nordwind,2023-01-01,2023-12-31\nada,nordwind,2023-06-01,\n",
            2,
            "a.csv:3: starts_on: The professional works for a partner from 2023-01-01 to 2023-12-31 already",
        ),
        (b"professional,name,email,signed_up_on\nbob,Bob,bob,2023-01-01\n", 2, "a.csv:2: email: \"bob\" is not an e-mail address"),
    ];
    for (content, expected, words) in table {
        let (code, output) = import(content);
        assert_eq!(code, expected, "{output}");
        assert!(output.contains(words), "{words}: {output}");
    }
}

#[test]
fn a_second_import_records_nothing_and_the_list_of_refusals_ends() {
    let folder = tempfile::tempdir().expect("a folder");
    let row = |number: i32| {
        let day = if number % 2 == 0 { "2020-01-01" } else { "2020-02-30" };
        format!("p{number},Partner {number},{day}\n")
    };
    let rows = "partner,name,enrolled_on\n".to_owned() + &(0..2_500).map(row).collect::<String>();
    fs::write(folder.path().join("p.csv"), rows).expect("a file");
    let first = run(folder.path(), &["import", "--create", "p.csv"]);
    assert!(stdout(&first).contains("p.csv: recorded 1250, duplicate 0, refused 1250"));
    assert!(stdout(&first).contains("… and 250 more"));
    assert_eq!(stdout(&first).lines().filter(|line| line.starts_with("p.csv:")).count(), 1_002);
    let second = run(folder.path(), &["import", "p.csv", "missing.csv"]);
    assert!(stdout(&second).contains("p.csv: recorded 0, duplicate 1250, refused 1250"));
    assert!(stdout(&second).contains("missing.csv:1: cannot open the file: No such file or directory"));
    assert_eq!(second.status.code(), Some(2));
}

const BOOKED: &str = "a.csv: recorded 1, duplicate 0, refused 0";

#[test]
fn what_ordinary_tools_write_is_read() {
    // content, lines of the output
    let table: [(&[u8], &[&str]); 9] = [
        (b"partner;name;enrolled_on\r\nx;\"X; Y\";2020-01-01\r\n", &[BOOKED]),
        (b"partner\tname\tenrolled_on\nx\tX\t2020-01-01\n", &[BOOKED]),
        (b"\xef\xbb\xbfsep=;\r\npartner;name;enrolled_on\r\nx;X;2020-01-01\r\n", &[BOOKED]),
        (b"partner,name,enrolled_on\rx,X,2020-01-01\r", &[BOOKED]),
        (
            b"partner,name,enrolled_on,,\nx,X,2020-01-01,,\n,,,,\ny,Y,2020-01-01,,,,\n",
            &["a.csv: recorded 2, duplicate 0"],
        ),
        (
            b"partner,name,enrolled_on,,\nx,X,2020-01-01,,more\n",
            &["a.csv:2: the row has 5 fields, but the header has 3\n"],
        ),
        (
            b"source,external_id,partner,kind,occurred_on,quantity,dataminerServicesEnabled,repost,note\n\
              s,1,nordwind,DEMO_SYSTEM,2025-01-01,1.0,TRUE,,\n\
              s,2,nordwind,LINKEDIN_POST,2025-01-01,2.00,,False,\"beside\nit\"\n",
            &["a.csv: recorded 2, duplicate 0, refused 0"],
        ),
        (
            b"source,external_id,professional,kind,occurred_on,points\ns,1,ada,VOTE_CAST,2025-01-01,12.0\n\
              s,2,ada,VOTE_CAST,2025-01-01,12.5\n",
            &["a.csv:3: points: \"12.5\" is not a whole number", "recorded 1, duplicate 0, refused 1"],
        ),
        (b"partner,name,enrolled_on\nx,5\" disk,2020-01-01\n", &[BOOKED]),
    ];
    for (content, expected) in table {
        let (_, output) = import(content);
        for line in expected {
            assert!(output.contains(line), "{}: {output}", String::from_utf8_lossy(content));
        }
    }
}

#[test]
fn other_files_and_dates_are_refused_with_what_to_do() {
    // content, words of the output
    let table: [(&[u8], &str); 9] = [
        (b"\xff\xfep\0a\0", "a.csv:1: the file is UTF-16; save it as CSV in UTF-8\n"),
        (b"p\0a\0r\0", "a.csv:1: the file is UTF-16 or binary; save it as CSV in UTF-8\n"),
        (b"PK\x03\x04xl", "a.csv:1: the file is a spreadsheet or a ZIP archive, not CSV; open it and save the sheet"),
        (b"sep=|\npartner|name\n", "a.csv:1: sep= names the delimiter \"|\"; accepted: comma, semicolon or tab\n"),
        (b"partner,name,enrolled_on\nx,X,31.12.2025\n", "enrolled_on: \"31.12.2025\" is not a date; write 2025-12-31\n"),
        (b"partner,name,enrolled_on\nx,X,12/31/2025\n", "is not a date; write 2025-12-31\n"),
        (
            b"partner,name,enrolled_on\nx,X,01/02/2025\n",
            "is not a date; write YYYY-MM-DD, so 2025-02-01 or 2025-01-02\n",
        ),
        (b"partner,name,enrolled_on\nx,X,2025-12-31 00:00:00\n", "is not a date; write 2025-12-31\n"),
        (
            b"source,external_id,professional,kind,occurred_on,releasedOn\ns,1,ada,KATA_COMPLETED,2025-06-08,1.6.2025\n",
            "a.csv:2: releasedOn: 1.6.2025 is not a date; write 2025-06-01.\n",
        ),
    ];
    for (content, words) in table {
        let (code, output) = import(content);
        assert_eq!(code, 2, "{output}");
        assert!(output.contains(words), "{words}: {output}");
    }
}

/// Columns of activities with a note, the last of them.
const NOTED: &str = "source,external_id,professional,kind,occurred_on,note\n";

#[test]
fn an_open_quote_swallows_no_row() {
    let row = |id: usize| format!("s,{id},ada,DOCS_CORRECTION,2025-01-01,\n");
    let rows = |ids: std::ops::Range<usize>| ids.map(row).collect::<String>();
    let open = "s,0,ada,DOCS_CORRECTION,2025-01-01,\"open\n";
    // rows, lines of the output
    let table: [(String, &[&str]); 5] = [
        (
            rows(1..3) + open + &rows(3..182),
            &[
                "a.csv:4: note: the quote that begins at character 36 is not closed; the lines after it were read",
                "recorded 181, ",
            ],
        ),
        (
            open.to_owned(),
            &["a.csv:2: note: the quote that begins at character 36 is not closed\n", "recorded 0, "],
        ),
        (
            open.to_owned() + &row(1) + "s,2,ada,DOCS_CORRECTION,2025-01-01,\"a \"\"note\"\"\"\n" + &row(3),
            &[
                "a.csv:2: note: the quote that begins at character 36 is not closed on this line: it would end before \
                 character 37 of line 4, where text follows; the lines after it",
                "recorded 3, duplicate 0, refused 1\n",
            ],
        ),
        (
            row(1) + "s,2,ada,DOCS_CORRECTION,2025-01-01,\"note\" more\n" + &row(3),
            &[
                "a.csv:3: note: the quote that begins at character 36 ends before character 43, and text follows it; write a \
                 quote inside of a text twice\n",
                "recorded 2, duplicate 0, refused 1\n",
            ],
        ),
        (
            row(1) + "s,2,ada,DOCS_CORRECTION,2025-01-01," + &"x".repeat(2 << 20) + "\n" + &row(3),
            &["a.csv:3: the row is longer than 64 KiB\n", "recorded 2, duplicate 0, refused 1\n"],
        ),
    ];
    for (rows, expected) in table {
        let (code, output) = import((NOTED.to_owned() + &rows).as_bytes());
        assert_eq!(code, 2, "{output}");
        for line in expected {
            assert!(output.contains(line), "{line}: {output}");
        }
    }
}

#[test]
fn unknown_columns_are_refused_before_the_first_row() {
    // column, the nearest known one
    let table = [
        ("Quantity", "quantity"),
        ("quantitiy", "quantity"),
        ("released_on", "releasedOn"),
        ("isRepost", "repost"),
        ("Note", "note"),
        ("Owner", ""),
    ];
    for (column, near) in table {
        let header = format!("source,external_id,partner,kind,occurred_on,{column}\n");
        let (code, output) = import((header + "s,1,nordwind,CUSTOMER_MEETING,2025-01-01,10\n").as_bytes());
        let near = if near.is_empty() { String::new() } else { format!(" (did you mean `{near}`?)") };
        let error = format!("a.csv:1: unknown column `{column}`{near}; accepted headers: partner,");
        assert!(output.contains(&error), "{error}: {output}");
        assert!(
            output.contains("attributes: itemType, dataminerServicesEnabled, repost, releasedOn, "),
            "{output}"
        );
        assert!(output.contains("a.csv: recorded 0, duplicate 0, refused 1\n"), "{output}");
        assert_eq!(code, 2);
    }
    // An attribute of another kind is refused with its row.
    let (_, output) = import(
        b"source,external_id,partner,kind,occurred_on,repost,note\ns,1,nordwind,CUSTOMER_MEETING,2025-01-01,,x\n\
          s,2,nordwind,CUSTOMER_MEETING,2025-01-01,false,\n",
    );
    assert!(
        output.contains("a.csv:3: repost: CUSTOMER_MEETING has no attribute repost. It accepts "),
        "{output}"
    );
    assert!(output.contains("a.csv: recorded 1, duplicate 0, refused 1\n"), "{output}");
}

#[test]
fn an_import_names_its_database_and_creates_none_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("p.csv"), "partner,name,enrolled_on\nx,X,2020-01-01\n").expect("a file");
    for arguments in [&["import", "p.csv"][..], &["verify"], &["key", "list"]] {
        let refused = run(folder.path(), arguments);
        let error = String::from_utf8(refused.stderr).expect("UTF-8");
        let expected =
            "error: there is no database partner-program.db; check DATABASE_URL, or create it with ";
        assert!(error.starts_with(expected), "{error}");
        assert_eq!(refused.status.code(), Some(1));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing was created");
    }
    for arguments in [&["import", "--create", "p.csv"][..], &["import", "p.csv"]] {
        let output = run(folder.path(), arguments);
        assert_eq!(stdout(&output).lines().next(), Some("database: sqlite://partner-program.db"));
        assert_eq!(output.status.code(), Some(0));
    }
}
