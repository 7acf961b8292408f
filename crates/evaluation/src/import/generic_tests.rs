//! Tables as people keep them.

use super::{Format, Imported, Key, Source, import, recognise};
use crate::case_set::{State, Task, TruthPolicy};

fn read(text: &str) -> Imported {
    let sources = [Source { file: "t.csv", text }];
    assert_eq!(recognise(&sources), Some(Format::Generic), "{text}");
    import(Format::Generic, &sources).expect("reads")
}

fn refused(text: &str) -> String {
    import(Format::Generic, &[Source { file: "t.csv", text }])
        .expect_err(text)
        .to_string()
}

#[test]
fn one_label_with_ids_of_every_kind() {
    let set = read(
        "\u{FEFF} Case , Label ,Split,Patient ID,Sex,notes\r\n0007, nodule ,Valid,p1,F,x\r\n9007199254740993,normal,test,p2,M,\r\n\"1.2.840.1.3\",normal,,,,\r\n",
    );
    assert_eq!(
        (set.task, set.labels.as_slice()),
        (Task::Closed, &["nodule".to_owned(), "normal".to_owned()][..])
    );
    let first = &set.cases[0];
    assert_eq!(
        (
            first.case.id.as_str(),
            first.case.split.as_str(),
            first.case.patient.as_str()
        ),
        ("0007", "validation", "p1")
    );
    assert_eq!(first.keys, [Key::Stem("0007".into()), Key::Folder("0007".into())]);
    assert_eq!(first.at, "t.csv, line 2");
    assert_eq!(set.cases[1].case.id, "9007199254740993");
    assert!(set.cases[2].keys.contains(&Key::Series("1.2.840.1.3".into())));
    assert_eq!(set.notes, ["Columns of t.csv that are not read: notes."]);
}

#[test]
fn ids_in_the_order_of_their_names() {
    let set = read("image_path,label\na\\b\\1.png,x\nc,y\n");
    assert_eq!(set.cases[0].keys, [Key::Path("a/b/1.png".into())]);
    assert_eq!(
        set.cases[1].keys,
        [Key::Path("c".into()), Key::Folder("c".into())]
    );
    let set = read("image,series_uid,label\n1.png,1.2.3,x\n2.png,1.2.4,y\n");
    assert_eq!(
        set.cases[0].keys,
        [
            Key::Path("1.png".into()),
            Key::Stem("1".into()),
            Key::Series("1.2.3".into())
        ]
    );
}

#[test]
fn columns_of_yes_and_no_in_every_spelling() {
    let set = read("id;Edema;Mass;Nodule;age\na;1,0;True;yes;60\nb;0;False;;61\nc;-1;NaN;no;62\n");
    assert_eq!((set.task, set.labels.len()), (Task::YesNo, 3));
    let states = |i: usize| ["Edema", "Mass", "Nodule"].map(|label| set.cases[i].case.truth.states[label]);
    assert_eq!(states(0), [State::Present; 3]);
    assert_eq!(states(1), [State::Absent, State::Absent, State::Blank]);
    assert_eq!(states(2), [State::Uncertain, State::Blank, State::Absent]);
    assert_eq!(set.cases[0].case.groups["age"], "60");
}

#[test]
fn one_of_the_columns_is_one_label() {
    let set = read("image,MEL,NV,BCC\nISIC_1,1.0,0.0,0.0\nISIC_2,0.0,1.0,0.0\n");
    assert_eq!(
        (set.task, set.labels.as_slice()),
        (
            Task::Closed,
            &["MEL".to_owned(), "NV".to_owned(), "BCC".to_owned()][..]
        )
    );
    assert_eq!(set.cases[1].case.truth.labels, ["NV"]);
    assert_eq!(read("image,MEL,NV\na,1,1\nb,0,1\n").task, Task::YesNo);
    assert_eq!(
        read("image,MEL,NV\na,0,0\nb,0,1\n").task,
        Task::YesNo,
        "none of them is not one of them"
    );
    let unnamed = read(",image,label,pneumonia\n0,a,x,1\n1,b,y,0\n");
    assert_eq!(unnamed.notes, ["Columns of t.csv that are not read: pneumonia."]);
}

#[test]
fn lists_in_every_spelling() {
    for cell in [
        "a|b",
        "a; b",
        "\"['a', 'b']\"",
        "\"[\"\"a\"\", \"\"b\"\"]\"",
        "\"a, b\"",
    ] {
        let set = read(&format!("case,label\n1,{cell}\n2,a\n3,b\n"));
        assert_eq!(
            (set.task, set.cases[0].case.truth.labels.as_slice()),
            (Task::YesNo, &["a".to_owned(), "b".to_owned()][..]),
            "{cell}"
        );
    }
    let whole = read("case,label\n1,\"carcinoma, squamous\"\n2,adenoma\n");
    assert_eq!(
        (whole.task, whole.cases[0].case.truth.labels.len()),
        (Task::Closed, 1),
        "a comma alone makes no list"
    );
    let json = read("[{\"case\":\"1\",\"labels\":[\"a\",\"b\"]},{\"case\":\"2\",\"labels\":[]}]");
    assert_eq!((json.task, json.cases.len()), (Task::YesNo, 2));
    assert!(!json.cases[1].case.truth.is_known());
    assert!(
        json.notes[0].starts_with("1 row has no label"),
        "{:?}",
        json.notes
    );
}

#[test]
fn rows_of_one_case_are_several_labels_or_several_readers() {
    let set = read("case,label\n1,a\n1,b\n2,a\n");
    assert_eq!(
        (set.task, set.cases.len(), set.cases[0].case.truth.labels.len()),
        (Task::YesNo, 2, 2)
    );
    let set = read("case,rater,label\n1,R1,a\n1,R2,a\n1,R3,b\n");
    assert_eq!((set.task, set.cases[0].case.truth.votes.len()), (Task::Closed, 3));
    let majority = TruthPolicy::default().labels(&set.cases[0].case.truth, &set.labels);
    assert_eq!(majority, [Some(true), Some(false)]);
    assert_eq!(
        refused("case,label,patient\n1,a,p\n1,b,q\n"),
        "t.csv, line 3: the patient is `q` here and `p` before, for the same case"
    );
}

#[test]
fn questions_options_and_boxes() {
    let set = read("image,question,answer\na.png,Is it?,yes\na.png,Where?,left\nb.png,Why?,\n");
    assert_eq!((set.task, set.cases.len()), (Task::Vqa, 2));
    assert_eq!(
        (
            set.cases[0].case.patient.as_str(),
            set.cases[1].case.patient.as_str()
        ),
        ("a.png", "a.png")
    );
    assert_eq!(set.cases[1].case.truth.answers, ["left"]);
    let set = read("image,question,option_a,option_b,answer\na.png,Which?,cyst,tumour,B\n");
    assert_eq!(
        (set.task, set.cases[0].case.truth.labels.as_slice()),
        (Task::Choice, &["tumour".to_owned()][..])
    );
    assert_eq!(
        refused("image,question,options,answer\na.png,Which?,cyst|tumour,stone\n"),
        "t.csv, line 2: the answer `stone` is none of the options"
    );
    let set = read("image;class_name;x;y;w;h\na.png;mass;1,5;2;3;4\na.png;mass;9;9;1;1\nb.png;;;;;\n");
    assert_eq!((set.task, set.cases.len()), (Task::Boxes, 2));
    assert_eq!(set.cases[0].case.truth.boxes[0].corners, [1.5, 2.0, 4.5, 6.0]);
}

#[test]
fn many_diagnoses_are_open() {
    let rows: String = (0..30).map(|i| format!("{i},diagnosis number {i}\n")).collect();
    let set = read(&format!("case,diagnosis\n{rows}"));
    assert_eq!((set.task, set.labels.len()), (Task::Open, 0));
    assert_eq!(set.cases[7].case.truth.answers, ["diagnosis number 7"]);
}

#[test]
fn what_could_mean_two_things_is_refused_in_words() {
    assert_eq!(
        refused("image_name,diagnosis,target\na,nevus,0\n"),
        "t.csv, line 1: both `diagnosis` and `target` could be the label; leave one, or rename one"
    );
    assert_eq!(
        refused("path,image_path,label\na,b,c\n"),
        "t.csv, line 1: both `path` and `image_path` could name the image; leave one, or rename one"
    );
    assert_eq!(
        refused("case,label,label\na,b,c\n"),
        "t.csv, line 1: two columns are called `label`"
    );
    assert!(
        refused("label,age\nx,1\n").contains("no column names the case"),
        "{}",
        refused("label,age\nx,1\n")
    );
    assert!(refused("case,words\na,many words\n").contains("no column is a label"));
    assert_eq!(
        refused("case,label\n,x\n"),
        "t.csv, line 2: nothing names the case"
    );
    assert_eq!(refused("case,label\n"), "t.csv, line 1: there are no rows");
    assert_eq!(
        recognise(&[Source {
            file: "t",
            text: "words\nonly\n"
        }]),
        None
    );
}

#[test]
fn damaged_tables_give_sentences_or_cases() {
    // Every format's own rows, each damaged a few hundred times: never a panic, always a line of the file.
    let texts = [
        "case,label,x_min,y_min,x_max,y_max\n1,a|b,1,2,3,4\n2,\"['a']\",,,,\n",
        "Path,No Finding,Edema,Mass,Fracture,Pneumonia,Lung Lesion\ntrain/patient1/study1/view1_frontal.jpg,1.0,-1.0,,0.0,,\n",
        "subject_id,study_id,Edema,Pneumonia,Fracture,Atelectasis,Consolidation\n1,2,1.0,,,-1.0,0.0\n",
        "Image Index,Finding Labels,Patient ID\n1.png,Mass|Edema,7\n",
        "image_id,rad_id,class_name,x_min,y_min,x_max,y_max\na,R1,Mass,1,2,3,4\n",
        "patientId,x,y,width,height,Target\na,1,2,3,4,1\nb,,,,,0\n",
        ",ImageID,PatientID,MethodLabel,Labels\n0,a.png,1,Physician,\"['normal', ' mass']\"\n",
        "VolumeName,Lung nodule,Emphysema\nvalid_1_a_1.nii.gz,1,0\n",
        "[{\"U_id\":\"a\",\"TAC\":[\"x\"],\"Case\":{\"Case Diagnosis\":\"d\"}}]",
        "[{\"qid\":1,\"image_name\":\"a.jpg\",\"question\":\"q\",\"answer\":\"a\",\"q_lang\":\"en\",\"img_name\":\"x/source.jpg\"}]",
        "<LidcReadMessage><ResponseHeader><SeriesInstanceUid>1</SeriesInstanceUid></ResponseHeader><readingSession><unblindedReadNodule><noduleID>n</noduleID><roi><imageSOP_UID>2</imageSOP_UID><inclusion>TRUE</inclusion><edgeMap><xCoord>1</xCoord><yCoord>1</yCoord></edgeMap><edgeMap><xCoord>5</xCoord><yCoord>9</yCoord></edgeMap></roi></unblindedReadNodule></readingSession></LidcReadMessage>",
        "case,path,label,side,position_mm,size_mm,slice\na,a,b,left,1 2 3,4,5\n",
        "train/a/1.png\ntest/b/2.png\n",
    ];
    let formats = [
        Format::Generic,
        Format::Chexpert,
        Format::MimicCxr,
        Format::ChestXray14,
        Format::VindrCxr,
        Format::RsnaPneumonia,
        Format::Padchest,
        Format::CtRate,
        Format::Medpix,
        Format::VqaRad,
        Format::Slake,
        Format::Lidc,
        Format::Phantom,
        Format::ClassFolders,
    ];
    let mut state = 7_u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or(0) % below.max(1)
    };
    let pieces = [
        "\"",
        ",",
        "\n",
        "[",
        "]",
        "'",
        "-1",
        "nan",
        "1e400",
        "\u{FEFF}",
        "<",
        "&x;",
        "{",
        "|",
        "999999999999999999999",
        "é",
    ];
    for (i, text) in texts.iter().enumerate() {
        for _ in 0..500 {
            let mut chars: Vec<char> = text.chars().collect();
            for _ in 0..=next(3) {
                let from = next(chars.len());
                let to = (from + next(6)).min(chars.len());
                chars.splice(from..to, pieces[next(pieces.len())].chars());
            }
            let damaged: String = chars.into_iter().collect();
            let sources = [Source {
                file: "t",
                text: &damaged,
            }];
            let _ = recognise(&sources);
            // Its own format, and one that it is not of.
            for format in [formats[i.min(formats.len() - 1)], formats[next(formats.len())]] {
                if let Err(fault) = import(format, &sources) {
                    assert!(!fault.reason.is_empty() && fault.line >= 1, "{fault}");
                }
            }
        }
    }
}
