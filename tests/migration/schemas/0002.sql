PRAGMA application_id = 1129145709;
PRAGMA user_version = 2;
CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO secrets VALUES ('hash', X'55A78DFB4A83072696CC3A39301BBE048651FBBFF513C4BED54DE7A2D06D0404');
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters VALUES ('erased', 1);
INSERT INTO counters VALUES ('next_key', 36);
INSERT INTO counters VALUES ('readable_by', 1);
INSERT INTO counters VALUES ('scrubbed', 1);
CREATE TABLE partitions (
    id        INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    user_id   TEXT NOT NULL,
    agent_id  TEXT NOT NULL,
    change    INTEGER NOT NULL,
    epoch     INTEGER NOT NULL
) STRICT;
INSERT INTO partitions VALUES (1, 'default', 'default', 'default', 13, 2);
INSERT INTO partitions VALUES (2, 'default', 'bob', 'default', 2, 0);
CREATE UNIQUE INDEX partitions_by_name ON partitions (tenant_id, user_id, agent_id);
CREATE TABLE sessions (
    partition  INTEGER NOT NULL,
    session_id TEXT    NOT NULL,
    age        INTEGER NOT NULL,
    next_seq   INTEGER NOT NULL,
    PRIMARY KEY (partition, session_id)
) STRICT, WITHOUT ROWID;
INSERT INTO sessions VALUES (1, 'default', 1, 8);
INSERT INTO sessions VALUES (2, CAST(X'C3A976656E696E67' AS TEXT), 26, 1);
CREATE TABLE turns (
    key          INTEGER PRIMARY KEY,
    partition    INTEGER NOT NULL,
    id           TEXT    NOT NULL,
    session_id   TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    timestamp    REAL    NOT NULL,
    token_count  INTEGER NOT NULL,
    priority     REAL    NOT NULL,
    consolidated INTEGER NOT NULL,
    metadata     TEXT    NOT NULL,
    checksum     BLOB    NOT NULL
) STRICT;
INSERT INTO turns VALUES (1, 1, 'turn_97dbc7a280894d60bd7580ba870af5fa', 'default', 0, 1700000001.0, 12, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'943153E718F9920100F6C5D5AA07DC08');
INSERT INTO turns VALUES (2, 1, 'turn_c0541543c4ee48769ea5ff312b12387a', 'default', 1, 1700000003.0, 12, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'8286F534B7CC302FF2AADA2E7AF3CBED');
INSERT INTO turns VALUES (3, 1, 'turn_d7f16642fffb45629ef14411fa8f367e', 'default', 2, 1700000005.0, 26, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'7AEBD67D132C8131F759877B9E8BCC40');
INSERT INTO turns VALUES (4, 1, 'turn_f699a576b67f405fb5550e831f52b131', 'default', 3, 1700000007.0, 21, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'AC548874223D7AD959FFCE1382901086');
INSERT INTO turns VALUES (5, 1, 'turn_702de4c186694ce7a95f8f8c31ed2b81', 'default', 4, 1700000009.0, 38, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'E6E6D1123499F83B0633CD36E88C87E3');
INSERT INTO turns VALUES (6, 1, 'turn_c5cca820cf384b3c9e53e488b4d4ba4f', 'default', 5, 1700000011.0, 134, 1.0, 1, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'187A3056F769E4D4505472AA674B887D');
INSERT INTO turns VALUES (8, 2, 'turn_0130bb5ae1264efb8d6aa3954e80c484', CAST(X'C3A976656E696E67' AS TEXT), 0, 1700000018.0, 10, 1.0, 0, '{}', X'3C02CBBC3922A49A99D776579ED77718');
INSERT INTO turns VALUES (9, 1, 'turn_97a1c5a961934d62bf23bcbccdcb6b6e', 'default', 7, 1700000027.0, 8, 1.0, 0, '{}', X'E821AADE542C860E586992A8627F8251');
CREATE UNIQUE INDEX turns_by_id ON turns (partition, id);
CREATE UNIQUE INDEX turns_by_seq ON turns (partition, session_id, seq);
CREATE INDEX turns_open ON turns (partition, session_id, seq) WHERE consolidated = 0;
CREATE TABLE entries (
    key           INTEGER PRIMARY KEY,
    partition     INTEGER NOT NULL,
    change        INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    session_id    TEXT    NOT NULL,
    task_id       TEXT    NOT NULL,
    seq           INTEGER NOT NULL,
    place         INTEGER NOT NULL,
    timestamp     REAL    NOT NULL,
    role          TEXT,
    name          TEXT,
    turn_id       TEXT,
    trust         INTEGER NOT NULL,
    importance    REAL    NOT NULL,
    expires_at    REAL,
    valid_from    REAL,
    valid_to      REAL,
    superseded_by TEXT,
    checksum      BLOB    NOT NULL,
    digest        BLOB    NOT NULL,
    source_ids    TEXT    NOT NULL,
    metadata      TEXT    NOT NULL,
    text          TEXT    NOT NULL
) STRICT;
INSERT INTO entries VALUES (2, 1, 10, 'turn_97dbc7a280894d60bd7580ba870af5fa.0', 'message', 'default', '', 0, 0, 1700000001.0, 'user', NULL, 'turn_97dbc7a280894d60bd7580ba870af5fa', 3, 0.5, NULL, NULL, NULL, NULL, X'A4D892A94EEA30DA5FF6D40A7DA64376', X'93E718606155B870C4D8075F0A6C402A', '[]', '{}', 'I live in Leeds.');
INSERT INTO entries VALUES (3, 1, 10, 'turn_97dbc7a280894d60bd7580ba870af5fa.1', 'message', 'default', '', 0, 1, 1700000001.0, 'assistant', NULL, 'turn_97dbc7a280894d60bd7580ba870af5fa', 2, 0.5, NULL, NULL, NULL, NULL, X'D144626C108DA65DEA67E371DFFE3969', X'CBC3D4D5AF30531028DC686310BE4D02', '[]', '{}', 'Noted.');
INSERT INTO entries VALUES (4, 1, 10, 'fact_3cac8de4f6454cdda477317715b8d3de', 'fact', 'default', '', -1, 0, 1700000001.0, NULL, NULL, NULL, 3, 0.5, NULL, 1700000001.0, 1700000003.0, 'fact_ce9e179c2cad47acb9778336a7590e32', X'B3606265930501BE974135407F7C3939', X'63637FD8146F404796DD712CC60DE924', '["turn_97dbc7a280894d60bd7580ba870af5fa.0"]', '{"fact":{"confidence":0.9,"negated":false,"slot":"home","subject":"The user","value":"Leeds"}}', 'The user lives in Leeds.');
INSERT INTO entries VALUES (7, 1, 10, 'turn_c0541543c4ee48769ea5ff312b12387a.0', 'message', 'default', '', 1, 0, 1700000003.0, 'user', NULL, 'turn_c0541543c4ee48769ea5ff312b12387a', 3, 0.5, NULL, NULL, NULL, NULL, X'7E267F34AA402D0D53392E901051320E', X'BF441C62A74DE6D7ADC819C4352D299C', '[]', '{}', 'I moved to Aberdeen.');
INSERT INTO entries VALUES (8, 1, 10, 'turn_c0541543c4ee48769ea5ff312b12387a.1', 'message', 'default', '', 1, 1, 1700000003.0, 'assistant', NULL, 'turn_c0541543c4ee48769ea5ff312b12387a', 2, 0.5, NULL, NULL, NULL, NULL, X'38FE4699DA4714F647EAE48051459340', X'6CEEBBA25E44E2C77D46CF6EED435EC7', '[]', '{}', 'Far north!');
INSERT INTO entries VALUES (9, 1, 10, 'fact_ce9e179c2cad47acb9778336a7590e32', 'fact', 'default', '', -1, 0, 1700000003.0, NULL, NULL, NULL, 3, 0.5, NULL, 1700000003.0, NULL, NULL, X'BDD04F6CE00F61343466A44F9F42F7AD', X'4243F3D830EB84FBCA68C53747B28945', '["turn_c0541543c4ee48769ea5ff312b12387a.0"]', '{"fact":{"confidence":0.9,"negated":false,"slot":"home","subject":"The user","value":"Aberdeen"}}', 'The user lives in Aberdeen.');
INSERT INTO entries VALUES (11, 1, 10, 'turn_d7f16642fffb45629ef14411fa8f367e.0', 'message', 'default', '', 2, 0, 1700000005.0, 'user', NULL, 'turn_d7f16642fffb45629ef14411fa8f367e', 3, 0.5, NULL, NULL, NULL, NULL, X'D5A5EFEF5706ECA7E892B450FE5D3D99', X'0CDA44FC7B04CE1F439860D89A127B07', '[]', '{}', 'quotes '' " ` ;-- DROP TABLE entries');
INSERT INTO entries VALUES (12, 1, 10, 'turn_d7f16642fffb45629ef14411fa8f367e.1', 'message', 'default', '', 2, 1, 1700000005.0, 'assistant', NULL, 'turn_d7f16642fffb45629ef14411fa8f367e', 2, 0.5, NULL, NULL, NULL, NULL, X'8A748EB40FE0BED475BCE3661ACC9B84', X'DA0714A1949C7CF0A53D485A1F0802FF', '[]', '{}', '\ % _ * ? $1 :a {x}');
INSERT INTO entries VALUES (14, 1, 10, 'turn_f699a576b67f405fb5550e831f52b131.0', 'message', 'default', '', 3, 0, 1700000007.0, 'user', NULL, 'turn_f699a576b67f405fb5550e831f52b131', 3, 0.5, NULL, NULL, NULL, NULL, X'6F26AE1053DACB1152F712190AA7B5F0', X'047B3114EF888FAACFE96A6BF52AF090', '[]', '{}', CAST(X'6C696E650A627265616B730D0A616E64097461627320EFBFBD20656E64' AS TEXT));
INSERT INTO entries VALUES (15, 1, 10, 'turn_f699a576b67f405fb5550e831f52b131.1', 'message', 'default', '', 3, 1, 1700000007.0, 'assistant', NULL, 'turn_f699a576b67f405fb5550e831f52b131', 2, 0.5, NULL, NULL, NULL, NULL, X'BC3A016CF13B8D3EB09B2047DC51E19B', X'52157A80E6EA030285E5EDB0BFE68BAC', '[]', '{}', CAST(X'EFBBBF2062797465206F7264657220E2808B207A65726F207769647468' AS TEXT));
INSERT INTO entries VALUES (17, 1, 10, 'turn_702de4c186694ce7a95f8f8c31ed2b81.0', 'message', 'default', '', 4, 0, 1700000009.0, 'user', NULL, 'turn_702de4c186694ce7a95f8f8c31ed2b81', 3, 0.5, NULL, NULL, NULL, NULL, X'9742D3F7B47F7FA7FC73E1A02F6895EE', X'2B4B19AB871D9E81C2D9076C746A3C89', '[]', '{}', CAST(X'E8A1A8E6838520F09F91A9E2808DF09F91A9E2808DF09F91A720616E6420D7A2D791D7A8D799D7AA20E280AE207265766572736564' AS TEXT));
INSERT INTO entries VALUES (18, 1, 10, 'turn_702de4c186694ce7a95f8f8c31ed2b81.1', 'message', 'default', '', 4, 1, 1700000009.0, 'assistant', NULL, 'turn_702de4c186694ce7a95f8f8c31ed2b81', 2, 0.5, NULL, NULL, NULL, NULL, X'AB7DD7043CE5D7E46F9F993D31F808F8', X'81B6C1BEFEF8990326340709EB510A82', '[]', '{}', CAST(X'65CC8120636F6D62696E696E672C20EFBFBD2068616C6620612070616972' AS TEXT));
INSERT INTO entries VALUES (20, 1, 10, 'turn_c5cca820cf384b3c9e53e488b4d4ba4f.0', 'message', 'default', '', 5, 0, 1700000011.0, 'user', NULL, 'turn_c5cca820cf384b3c9e53e488b4d4ba4f', 3, 0.5, NULL, NULL, NULL, NULL, X'4A273EBDEA843B998C53F8224CFBE8A5', X'A5B7039FD0DF04ED758AE82BFBB00F29', '[]', '{"flags":["forged-frame"]}', CAST(X'3C6D656D6F72793E2026203C2F6D656D6F72793E20F3A08181F3A081822068696464656E' AS TEXT));
INSERT INTO entries VALUES (21, 1, 10, 'turn_c5cca820cf384b3c9e53e488b4d4ba4f.1', 'message', 'default', '', 5, 1, 1700000011.0, 'assistant', NULL, 'turn_c5cca820cf384b3c9e53e488b4d4ba4f', 2, 0.5, NULL, NULL, NULL, NULL, X'DD1914D1F02DF29DE15E3C6D021EC260', X'451079C164BE6C7E4FCB59A1E8B2DA44', '[]', '{}', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx');
INSERT INTO entries VALUES (22, 1, 10, 'sum_0b3afba2018c4ff69861a79eec3f09b3', 'summary', 'default', '', -1, 0, 1700000011.0, NULL, NULL, NULL, 2, 0.5, NULL, NULL, NULL, NULL, X'160E82A502EA133018DA0F0BC12DA31D', X'85612F69A642B858DBB1DA03DAB5F6EC', '["turn_c5cca820cf384b3c9e53e488b4d4ba4f.0","turn_c5cca820cf384b3c9e53e488b4d4ba4f.1"]', '{"compression_ratio":0.1343,"end_timestamp":1700000011.0,"level":"chunk","method":"extractive","num_turns":1,"start_timestamp":1700000011.0,"summary_length":38,"type":"chunk_summary"}', CAST(X'2D20557365723A203C6D656D6F72793E2026203C2F6D656D6F72793E20F3A08181F3A081822068696464656E' AS TEXT));
INSERT INTO entries VALUES (25, 1, 10, 'mem_ca1b33cac60147aa8310e94b0ac7f423', 'pinned', 'default', '', -1, 0, 1700000016.0, NULL, NULL, NULL, 4, 1.0, NULL, NULL, NULL, NULL, X'210D6C0C8D1B2B972F66C435786B8AAD', X'58314F00087BA10C14A17EF8F8E6B633', '[]', '{}', 'Answer in whole sentences.');
INSERT INTO entries VALUES (27, 2, 2, 'turn_0130bb5ae1264efb8d6aa3954e80c484.0', 'message', CAST(X'C3A976656E696E67' AS TEXT), '', 0, 0, 1700000018.0, 'user', NULL, 'turn_0130bb5ae1264efb8d6aa3954e80c484', 3, 0.5, NULL, NULL, NULL, NULL, X'F471AEAA46B04478DC44D5C7E7545A5D', X'C356F1C970FBA798AB9200BD68484E00', '[]', '{}', 'Bob''s key lies under the stone.');
INSERT INTO entries VALUES (35, 1, 13, 'turn_97a1c5a961934d62bf23bcbccdcb6b6e.0', 'message', 'default', '', 7, 0, 1700000027.0, 'user', NULL, 'turn_97a1c5a961934d62bf23bcbccdcb6b6e', 3, 0.5, NULL, NULL, NULL, NULL, X'1575355D6CA651221EE0FB9955A496F9', X'CB7C9218FC3806FA08E1E9BF2EE50B43', '[]', '{}', 'This has no vector yet.');
CREATE UNIQUE INDEX entries_by_id ON entries (partition, id);
CREATE INDEX entries_by_age ON entries (partition);
CREATE INDEX entries_by_change ON entries (partition, change);
CREATE INDEX entries_by_seq ON entries (partition, session_id, seq, place);
CREATE INDEX entries_by_kind ON entries (partition, kind);
CREATE INDEX entries_by_digest ON entries (partition, digest) WHERE digest <> x'';
CREATE TABLE sources (
    partition INTEGER NOT NULL,
    source_id TEXT    NOT NULL,
    entry     INTEGER NOT NULL,
    PRIMARY KEY (partition, source_id, entry)
) STRICT, WITHOUT ROWID;
INSERT INTO sources VALUES (1, 'turn_97dbc7a280894d60bd7580ba870af5fa.0', 4);
INSERT INTO sources VALUES (1, 'turn_c0541543c4ee48769ea5ff312b12387a.0', 9);
INSERT INTO sources VALUES (1, 'turn_c5cca820cf384b3c9e53e488b4d4ba4f.0', 22);
INSERT INTO sources VALUES (1, 'turn_c5cca820cf384b3c9e53e488b4d4ba4f.1', 22);
CREATE INDEX sources_by_entry ON sources (partition, entry);
CREATE TABLE passages (
    key       INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    entry     INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    start     INTEGER NOT NULL,
    stop      INTEGER NOT NULL,
    tokens    INTEGER NOT NULL,
    checksum  BLOB    NOT NULL,
    words     BLOB    NOT NULL
) STRICT;
INSERT INTO passages VALUES (1, 1, 2, 0, 0, 16, 7, X'FB9E0A425182589A3962E680B233973F', X'0700000087DF22FC321D280D1BB382A2812584562CE61C436B3A338FFBB3E867EC8E4AA5998C44A0E05805C77B3517C8FC8E3CCC1EC9C1BD362B1FD701010101010101');
INSERT INTO passages VALUES (2, 1, 3, 0, 0, 6, 5, X'48E85B780B580ED17D92A85AC0C02B8C', X'0400000087DF22FC321D280DC56FB0217388AC512CE61C436B3A338F7B3517C8FC8E3CCC01010101');
INSERT INTO passages VALUES (3, 1, 4, 0, 0, 24, 8, X'3C5D9E6773BA22FC9993F2D298D13F98', X'0800000087DF22FC321D280D6545467C30852F562CE61C436B3A338FFBB3E867EC8E4AA5ABA88542956DCFAC998C44A0E05805C77B3517C8FC8E3CCCD8EC58B82562AFD00101010101010101');
INSERT INTO passages VALUES (4, 1, 7, 0, 0, 20, 7, X'FBC6A7F251C3B988B0A291EA977DD386', X'07000000579D1D0E7C16AD0587DF22FC321D280D6304E3D4F7E7D046270BE528BD14BF4A1BB382A2812584562CE61C436B3A338F7B3517C8FC8E3CCC01010101010101');
INSERT INTO passages VALUES (5, 1, 8, 0, 0, 10, 5, X'C5D217A28C30D59A6248F923E140CC30', X'0500000087DF22FC321D280D45F1711A4E74F034FC2C9AB005A7145E2CE61C436B3A338F7B3517C8FC8E3CCC0101010101');
INSERT INTO passages VALUES (6, 1, 9, 0, 0, 27, 8, X'7B94008F8743B5BCB000FA3C6917BE2D', X'0800000087DF22FC321D280D270BE528BD14BF4A6545467C30852F562CE61C436B3A338FABA88542956DCFAC998C44A0E05805C77B3517C8FC8E3CCCD8EC58B82562AFD00101010101010101');
INSERT INTO passages VALUES (7, 1, 11, 0, 0, 35, 12, X'4FE8BCE8AC08A64F2E249BBDC3860F12', X'0700000087DF22FC321D280DD10B49E2AFAD6765688A3E09DFEF6868BB8A765D3C28D8692CE61C436B3A338F7B3517C8FC8E3CCCD78A8F2F65C67EE101010101010101');
INSERT INTO passages VALUES (8, 1, 12, 0, 0, 19, 14, X'16BA090CD5586630BA5E09F0FC47510A', X'0700000087DF22FC321D280D2CE61C436B3A338FA8CC0C27924F19A9DCD55B8CB334F6B210F6E1FD8F17B7C57B3517C8FC8E3CCC22D544CCA6B222E1E4869B84323EBBE20101010101010101');
INSERT INTO passages VALUES (9, 1, 14, 0, 0, 27, 13, X'30A06530A171F0A3E8EA5A8F5C7D5C34', X'080000007A33C7DDE635370587DF22FC321D280DB966C1696A60C84BDBF7913C0C185F6F2CE61C436B3A338FBDD34FC0BED4D6C57B3517C8FC8E3CCCD5F224E464D68CFA0101010101010101');
INSERT INTO passages VALUES (10, 1, 15, 0, 0, 25, 9, X'59B1EB7A744A1CF3B7C914CB9011D1F9', X'0700000087DF22FC321D280D574E3164CB76AD39FDADCC3A64A14C522CE61C436B3A338FD77A5CEBB6D56FAC7B3517C8FC8E3CCC52744A4E8C9898E701010101010101');
INSERT INTO passages VALUES (11, 1, 17, 0, 0, 29, 28, X'51C9E1E655E8E97BF4E43733C4B83771', X'0C0000007A33C7DDE635370587DF22FC321D280D6BF9F2FBBBEB282F04E38E3FF178E237BFCB21E73539D2665CC07822745FAA672CE61C436B3A338F76AE2F73083B50960AB4EB4551A7EBA87B3517C8FC8E3CCC4A0417D66B63BBE30101010101010101010102');
INSERT INTO passages VALUES (12, 1, 18, 0, 0, 27, 11, X'4DCEEE46A45191EC6EE32036321CAC59', X'0800000087DF22FC321D280D9875341BA7DB421F7A90120621C74D1FC984499EF7CE5B20CC63D90CCB7362722CE61C436B3A338F733D5F818AF31B95216A543E166E5396A2E7039959C222A0E04CBDDD83CE4AA7A8CC0C27924F19A97B3517C8FC8E3CCC10437AFECAEF8DF600F6081A669427FD0101010101010101010101010101');
INSERT INTO passages VALUES (13, 1, 20, 0, 0, 30, 18, X'C5F0B350E283413CC7E024C241D0BF46', X'0600000087DF22FC321D280D22F769FBFEE66711462CBABE8072F9692CE61C436B3A338F7B3517C8FC8E3CCC0102010101');
INSERT INTO passages VALUES (14, 1, 21, 0, 0, 900, 117, X'4E4C0A24C2804CF5DD57E0C8F3FA14A8', X'1200000094804F4F260C1B0087DF22FC321D280D2CE61C436B3A338F7B3517C8FC8E3CCC5F3EE346C63DA2D39B34EB45C5409BF60E010101FF01');
INSERT INTO passages VALUES (15, 1, 22, 0, 0, 38, 21, X'F10DC9DA991482F84C268D6B43A31602', X'0700000087DF22FC321D280D22F769FBFEE66711462CBABE8072F9692CE61C436B3A338F7B3517C8FC8E3CCCD8EC58B82562AFD0010201010101');
INSERT INTO passages VALUES (17, 1, 25, 0, 0, 26, 8, X'77DE7708E4E480253368DFBDBB4939F8', X'07000000AC243AD5A447AC0587DF22FC321D280DC343C63B053C2514F217FC07DB22FE33F10F5099EEEA0F3F2825B8EDF4DB7E47CBFF8541EE0FD14EC59C86C0B0F9B5572CE61C436B3A338F470690C08380C0A1998C44A0E05805C77B3517C8FC8E3CCCDE13A7062625CCF701010101010101010101010101');
INSERT INTO passages VALUES (18, 2, 27, 0, 0, 31, 10, X'CBB051F40A170746C9ADB8F82035D148', X'0900000087DF22FC321D280D60865DD23C14F51FBFA77D5EC3624D3274A0D959EA3352752CE61C436B3A338F30EC79C3CC6BF4A9ABA88542956DCFAC539438E5A4E4F8C07B3517C8FC8E3CCC010101010101010101');
INSERT INTO passages VALUES (19, 1, 35, 0, 0, 23, 8, X'9504E36B40CAF5E8DBE775049F663A44', X'0800000082F5C79600BAAF0387DF22FC321D280DEA846AB8BEC4E51F1DFEAFE5AF626B412CE61C436B3A338F84ECC6E9710C7EAA032941A6CFF70BB17B3517C8FC8E3CCC0101010101010101');
CREATE UNIQUE INDEX passages_by_entry ON passages (partition, entry, ordinal);
CREATE TABLE models (
    id          INTEGER PRIMARY KEY,
    fingerprint TEXT    NOT NULL UNIQUE,
    dimension   INTEGER NOT NULL
) STRICT;
INSERT INTO models VALUES (1, 'hash:8:1', 8);
CREATE TABLE vectors (
    key       INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    model     INTEGER NOT NULL,
    entry     INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    checksum  BLOB    NOT NULL,
    data      BLOB    NOT NULL
) STRICT;
INSERT INTO vectors VALUES (1, 1, 1, 2, 0, X'E7A4B9FDCD85012C703B3800F9097695', X'C3D010BE00000000C3D010BFC3D0103FC3D0903E000000002339D9BEC3D0903E');
INSERT INTO vectors VALUES (2, 1, 1, 3, 0, X'6B86F7D297CAC5B014F1590F6134C116', X'0000000000000000000000008374DF3E83745F3E83745FBF0000000000000000');
INSERT INTO vectors VALUES (3, 1, 1, 4, 0, X'86A9889F179B1EA0BFA7FECC03D0E0C6', X'F933FABD000000000000000000000000F9337A3E7C601C3FFBA63BBFF933FA3D');
INSERT INTO vectors VALUES (4, 1, 1, 7, 0, X'59F20287CFF7CC1A1957497CB5CA57FE', X'0000003E000000BF000000BF0000C03E0000803E0000003E0000003E0000003F');
INSERT INTO vectors VALUES (5, 1, 1, 8, 0, X'E6954F31117C2F663D685B1D38027D9E', X'F304B53E00000000F304B53E00000000F304353FF304B53E00000000F304B5BE');
INSERT INTO vectors VALUES (6, 1, 1, 9, 0, X'1707481E8260F53AAA2713F190CC9DF4', X'A53284BE4E3F25BF00000000A532043EA532843EA532043FA53204BEF84BC63E');
INSERT INTO vectors VALUES (7, 1, 1, 11, 0, X'8740782AB803D9A3BBBE1907E3FCD04E', X'6C16ADBD6C162D3E6C162D3E6C16AD3D9F73173F6C16AD3E6C16ADBD6C162D3F');
INSERT INTO vectors VALUES (8, 1, 1, 12, 0, X'9614AB6FF4433EEF4709EAF8AD9AF10A', X'8F8441BE000000008F8441BE8F8441BF8F84413E6B2311BF0000000000000000');
INSERT INTO vectors VALUES (9, 1, 1, 14, 0, X'66A15C9BA4028191811A417284611E99', X'B3019EBDB3011EBEB3019E3DE9C131BF00000000B3019E3DB3019EBEB3011E3F');
INSERT INTO vectors VALUES (10, 1, 1, 15, 0, X'612E4DD89A760BC0A453BFA8AED273EA', X'5F1D26BEB7A44FBF5F1D263E5F1D263E5F1D263E00000000000000000F2CF93E');
INSERT INTO vectors VALUES (11, 1, 1, 17, 0, X'B16AF30FB1540B26F527427471BDF44D', X'EDE3E73DEDE3E73DEDE3E73DEDE3E7BEF2EAADBE0000000074EE10BF74EE103F');
INSERT INTO vectors VALUES (12, 1, 1, 18, 0, X'7141B1B4BD1FCFFD45882D69709F497E', X'8CEA28BF8CEAA8BD8CEAA8BE8CEAA8BE000000003ACD13BF000000008CEAA83D');
INSERT INTO vectors VALUES (13, 1, 1, 20, 0, X'7296ECB7E5409465F27C717AA8A23C82', X'8F84413E8F84C13E000000008F84C13D6B2391BE8F8441BF6B2391BE6B23913E');
INSERT INTO vectors VALUES (14, 1, 1, 21, 0, X'4EE291338D588741B67155CFB8296CD7', X'42F05A3B00000000000000000000000081F5913A98FF7F3F0000000000000000');
INSERT INTO vectors VALUES (15, 1, 1, 22, 0, X'BA7DFAC0EAF013FD152459BCED7D966F', X'9BE8213E9BE8A13E9BE8A1BD9BE8A13DE9DC72BE9BE821BF9BE8A1BE88AB0D3F');
INSERT INTO vectors VALUES (17, 1, 1, 25, 0, X'10B52FF92FD877E09763A548540F3C92', X'000000008F84413E6B23113F6B23113F8F84413E000000008F84C1BE8F84C13E');
INSERT INTO vectors VALUES (18, 2, 1, 27, 0, X'7896C3CADB68A31A20DBC09D563DA4D0', X'82A6833DC379C53E2390A4BE6463E6BE82A683BD000000006463E63E531B14BF');
INSERT INTO vectors VALUES (19, 1, 1, 35, 0, X'8B809F0131E453A0AC89100866184DEC', X'00000000000000004FE1BF3EEB5006BF000000000C81193E000000004FE13FBF');
CREATE UNIQUE INDEX vectors_by_passage ON vectors (partition, model, entry, ordinal);
CREATE INDEX vectors_by_entry ON vectors (partition, entry);
CREATE TABLE done (
    partition INTEGER NOT NULL,
    digest    BLOB    NOT NULL,
    applied   TEXT    NOT NULL,
    PRIMARY KEY (partition, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE ledger (
    number    INTEGER PRIMARY KEY,
    partition INTEGER NOT NULL,
    book      TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    checksum  BLOB    NOT NULL,
    body      TEXT    NOT NULL
) STRICT;
INSERT INTO ledger VALUES (5, 1, 'places', '66e9f3f03cedfa25cd06d0a3320c81b6', X'2D65B0A47559D77F15DAD4181FD8C496', '');
INSERT INTO ledger VALUES (28, 1, 'prompts', 'ctx_48360656e76441e1ab8e122277851c5a', X'110FCE1E625AD66E35BFCE89A3D75E75', '{"at": 1700000022.0, "session_id": "default", "task_id": "", "totals": [8, 48, 73, 79, 86, 91, 102, 117, 129, 138, 166, 177, 188, 217, 236, 357, 366], "digest": "7498626d3104ce49fec1839979d5239e", "budget": 12000, "answerability": 0.9036058783531189, "covered": true, "degraded": [], "pieces": [{"section": "pinned", "group": "", "reason": "pinned: always in the prompt", "score": null, "cut": false, "entry_id": "mem_ca1b33cac60147aa8310e94b0ac7f423", "turn_id": null, "kind": "pinned", "timestamp": 1700000016.0, "trust": 4, "stages": {}, "span": [0, 26], "speaker": ""}, {"section": "summary", "group": "", "reason": "stands for turns that left the working set", "score": null, "cut": false, "entry_id": "sum_0b3afba2018c4ff69861a79eec3f09b3", "turn_id": null, "kind": "summary", "timestamp": 1700000011.0, "trust": 2, "stages": {}, "span": [0, 38], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session; part of it has changed since", "score": null, "cut": false, "entry_id": "turn_97dbc7a280894d60bd7580ba870af5fa.0", "turn_id": "turn_97dbc7a280894d60bd7580ba870af5fa", "kind": "message", "timestamp": 1700000001.0, "trust": 3, "stages": {}, "span": [0, 16], "quote": "ctx_48360656e76441e1ab8e122277851c5a.0", "redacted": false, "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_97dbc7a280894d60bd7580ba870af5fa.1", "turn_id": "turn_97dbc7a280894d60bd7580ba870af5fa", "kind": "message", "timestamp": 1700000001.0, "trust": 2, "stages": {}, "span": [0, 6], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_c0541543c4ee48769ea5ff312b12387a.0", "turn_id": "turn_c0541543c4ee48769ea5ff312b12387a", "kind": "message", "timestamp": 1700000003.0, "trust": 3, "stages": {}, "span": [0, 20], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_c0541543c4ee48769ea5ff312b12387a.1", "turn_id": "turn_c0541543c4ee48769ea5ff312b12387a", "kind": "message", "timestamp": 1700000003.0, "trust": 2, "stages": {}, "span": [0, 10], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_d7f16642fffb45629ef14411fa8f367e.0", "turn_id": "turn_d7f16642fffb45629ef14411fa8f367e", "kind": "message", "timestamp": 1700000005.0, "trust": 3, "stages": {}, "span": [0, 35], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_d7f16642fffb45629ef14411fa8f367e.1", "turn_id": "turn_d7f16642fffb45629ef14411fa8f367e", "kind": "message", "timestamp": 1700000005.0, "trust": 2, "stages": {}, "span": [0, 19], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_f699a576b67f405fb5550e831f52b131.0", "turn_id": "turn_f699a576b67f405fb5550e831f52b131", "kind": "message", "timestamp": 1700000007.0, "trust": 3, "stages": {}, "span": [0, 27], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_f699a576b67f405fb5550e831f52b131.1", "turn_id": "turn_f699a576b67f405fb5550e831f52b131", "kind": "message", "timestamp": 1700000007.0, "trust": 2, "stages": {}, "span": [0, 25], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_702de4c186694ce7a95f8f8c31ed2b81.0", "turn_id": "turn_702de4c186694ce7a95f8f8c31ed2b81", "kind": "message", "timestamp": 1700000009.0, "trust": 3, "stages": {}, "span": [0, 29], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_702de4c186694ce7a95f8f8c31ed2b81.1", "turn_id": "turn_702de4c186694ce7a95f8f8c31ed2b81", "kind": "message", "timestamp": 1700000009.0, "trust": 2, "stages": {}, "span": [0, 27], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_26dbff86bd9e43dcb7a855511154c18a.0", "turn_id": "turn_26dbff86bd9e43dcb7a855511154c18a", "kind": "message", "timestamp": 1700000014.0, "trust": 3, "stages": {}, "span": [0, 31], "speaker": "@"}, {"section": "memory", "group": "[14 November 2023]", "reason": "", "score": 0.14378225803375244, "cut": false, "entry_id": "fact_ce9e179c2cad47acb9778336a7590e32", "turn_id": null, "kind": "fact", "timestamp": 1700000003.0, "trust": 3, "stages": {"words": -0.7510389685630798, "vectors": 1.2196913957595825, "vectors nearby": 1.4240838289260864, "speaker": 0.0, "assistant": 0.0, "assistant asked": 0.0, "time": 0.0, "number": 0.0, "standing": 0.0, "long": 0.0, "importance": 0.0}, "span": [0, 27], "speaker": "@"}, {"section": "memory", "group": "[14 November 2023]", "reason": "", "score": 0.030613988637924194, "cut": false, "entry_id": "turn_c5cca820cf384b3c9e53e488b4d4ba4f.0", "turn_id": "turn_c5cca820cf384b3c9e53e488b4d4ba4f", "kind": "message", "timestamp": 1700000011.0, "trust": 3, "stages": {"words": -0.7510389685630798, "vectors": -0.7433034181594849, "vectors nearby": -0.7065531015396118, "speaker": 0.0, "assistant": 0.0, "assistant asked": 0.0, "time": 0.0, "number": 0.0, "standing": 0.0, "long": 0.0, "importance": 0.0}, "span": [0, 30], "speaker": "@"}, {"section": "memory", "group": "[14 November 2023]", "reason": "", "score": 0.002953768242150545, "cut": false, "entry_id": "turn_c5cca820cf384b3c9e53e488b4d4ba4f.1", "turn_id": "turn_c5cca820cf384b3c9e53e488b4d4ba4f", "kind": "message", "timestamp": 1700000011.0, "trust": 2, "stages": {"words": -0.7510389685630798, "vectors": -0.6193669438362122, "vectors nearby": -0.3587139844894409, "speaker": 0.0, "assistant": 1.0, "assistant asked": 0.0, "time": 0.0, "number": 0.0, "standing": 0.0, "long": 0.0, "importance": 0.0}, "span": [0, 900], "speaker": "@"}, {"section": "input", "group": "", "reason": "the current input is always shown", "score": null, "cut": false, "entry_id": null, "turn_id": null, "kind": null, "timestamp": null, "trust": 3, "stages": {}, "span": null, "quote": "ctx_48360656e76441e1ab8e122277851c5a.1", "redacted": false, "speaker": ""}]}');
INSERT INTO ledger VALUES (29, 1, 'quotes', 'ctx_48360656e76441e1ab8e122277851c5a.0', X'91E44E52E224A4212A4E4EF325A78188', ' [since 14 November 2023: The user lives in Aberdeen.]');
INSERT INTO ledger VALUES (30, 1, 'quotes', 'ctx_48360656e76441e1ab8e122277851c5a.1', X'85DBE3FDE0FD7998C3CB617A74ED522E', 'Where do I live?');
INSERT INTO ledger VALUES (31, 1, 'receipts', 'b2da50cc6ca838bdc4ed837b10efb8db:00000001', X'983AE3B0250A79D27EEA8E3BD115B8EE', '{"asked":"ids","at":1700000024.0,"digest":"c801e233da435f546e976fe528f1c325","dropped":0,"entries":1,"kinds":{"message":1},"number":1,"previous":"","recorded":0,"rederived":0,"store":"b2da50cc6ca838bdc4ed837b10efb8db","turns":1}');
INSERT INTO ledger VALUES (32, 1, 'tombstones', 'e404e688a90548019c955e669bee8449', X'C3DC9B09BCEB0E4235A8EEC416AC22C9', '{"at": 1700000024.0}');
INSERT INTO ledger VALUES (33, 1, 'tombstones', 'd42fe0a835f9585a3371580109e53901', X'92E43EB086C03A1D35D8108FD1C3ABC4', '{"at": 1700000024.0}');
CREATE UNIQUE INDEX ledger_by_name ON ledger (partition, book, name);
CREATE INDEX ledger_by_number ON ledger (partition, book, number);
