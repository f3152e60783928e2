PRAGMA application_id = 1129145709;
PRAGMA user_version = 3;
CREATE TABLE secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO secrets VALUES ('hash', X'111C3325714872184447CAB8235D68800BB1E349694301E9B57138AA56EB75AA');
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
INSERT INTO partitions VALUES (1, 'default', 'default', 'default', 14, 2);
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
INSERT INTO turns VALUES (1, 1, 'turn_9c1cdd258d3e4144b531a4ea7877a0c9', 'default', 0, 1700000001.0, 12, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'98F559370897203F1A6C1BD330BF886B');
INSERT INTO turns VALUES (2, 1, 'turn_e92a4f74352b420388969de333f0a9d9', 'default', 1, 1700000003.0, 12, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'7F7519314BB44A6E345EAFA40DAC7A97');
INSERT INTO turns VALUES (3, 1, 'turn_1b90877536484617abb0e3f51da866cd', 'default', 2, 1700000005.0, 26, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'EE72C927B46D54C86346EADAF59A5781');
INSERT INTO turns VALUES (4, 1, 'turn_bb91a88b285b4b99bbd00091aede1f87', 'default', 3, 1700000007.0, 21, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'246E2962044D7D3CFBA3172F910177A7');
INSERT INTO turns VALUES (5, 1, 'turn_27d60d73912a499085ce031bd805611a', 'default', 4, 1700000009.0, 38, 1.0, 0, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'F864ADD919E327458FC1F7C59AC3A3B8');
INSERT INTO turns VALUES (6, 1, 'turn_001829cc888649f0b4f9aaa38d91575a', 'default', 5, 1700000011.0, 134, 1.0, 1, '{"":"empty key","nested":{"a":[1,null,"\u00e9"]}}', X'A0021EE8BE9339B49247E9E20FCF40C1');
INSERT INTO turns VALUES (8, 2, 'turn_4a5e561f3def4b7bb1e028574b3ed2b5', CAST(X'C3A976656E696E67' AS TEXT), 0, 1700000019.0, 10, 1.0, 0, '{}', X'38179F64B5B95975F464C511DB0B3793');
INSERT INTO turns VALUES (9, 1, 'turn_0140dbaa540843e481a6627b4b6d90de', 'default', 7, 1700000028.0, 8, 1.0, 0, '{}', X'78A0837232FC950B26B6847263DB59B6');
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
INSERT INTO entries VALUES (2, 1, 9, 'turn_9c1cdd258d3e4144b531a4ea7877a0c9.0', 'message', 'default', '', 0, 0, 1700000001.0, 'user', NULL, 'turn_9c1cdd258d3e4144b531a4ea7877a0c9', 3, 0.5, NULL, NULL, NULL, NULL, X'DFA39B3EFE9469C4707C8997F0FA431A', X'CE5C1FC2B5699E0AE77922218838B7B1', '[]', '{}', 'I live in Leeds.');
INSERT INTO entries VALUES (3, 1, 9, 'turn_9c1cdd258d3e4144b531a4ea7877a0c9.1', 'message', 'default', '', 0, 1, 1700000001.0, 'assistant', NULL, 'turn_9c1cdd258d3e4144b531a4ea7877a0c9', 2, 0.5, NULL, NULL, NULL, NULL, X'EA941654E89D6A10558811317E7B003E', X'7FDB68B7A2C280CECD27BCF9DA60F2C6', '[]', '{}', 'Noted.');
INSERT INTO entries VALUES (4, 1, 9, 'fact_1a42053c1d364dda8b3c2ab4fa116ef7', 'fact', 'default', '', -1, 0, 1700000001.0, NULL, NULL, NULL, 3, 0.5, NULL, 1700000001.0, 1700000003.0, 'fact_c93d164f02c2456785d92df6d8c7f33d', X'80E1818406AE729EF56B244E7529E049', X'025A31760A8FBAC2D5D1D109BD87175E', '["turn_9c1cdd258d3e4144b531a4ea7877a0c9.0"]', '{"fact":{"confidence":0.9,"negated":false,"slot":"home","subject":"The user","value":"Leeds"}}', 'The user lives in Leeds.');
INSERT INTO entries VALUES (7, 1, 9, 'turn_e92a4f74352b420388969de333f0a9d9.0', 'message', 'default', '', 1, 0, 1700000003.0, 'user', NULL, 'turn_e92a4f74352b420388969de333f0a9d9', 3, 0.5, NULL, NULL, NULL, NULL, X'03E11F490AE5CCE463436A9B7A8418F0', X'A2010EF7F04E46375EC5126A5B2E22EC', '[]', '{}', 'I moved to Aberdeen.');
INSERT INTO entries VALUES (8, 1, 9, 'turn_e92a4f74352b420388969de333f0a9d9.1', 'message', 'default', '', 1, 1, 1700000003.0, 'assistant', NULL, 'turn_e92a4f74352b420388969de333f0a9d9', 2, 0.5, NULL, NULL, NULL, NULL, X'55B66F6EFBFF4C87B71360290F248258', X'ECB0F66D3D44A85016757222D94134B7', '[]', '{}', 'Far north!');
INSERT INTO entries VALUES (9, 1, 9, 'fact_c93d164f02c2456785d92df6d8c7f33d', 'fact', 'default', '', -1, 0, 1700000003.0, NULL, NULL, NULL, 3, 0.5, NULL, 1700000003.0, NULL, NULL, X'B24DE09F9F261EE5E9544E5A6D876FC6', X'865F12FC7104B841AD8D8FA0CB8E04F6', '["turn_e92a4f74352b420388969de333f0a9d9.0"]', '{"fact":{"confidence":0.9,"negated":false,"slot":"home","subject":"The user","value":"Aberdeen"}}', 'The user lives in Aberdeen.');
INSERT INTO entries VALUES (11, 1, 9, 'turn_1b90877536484617abb0e3f51da866cd.0', 'message', 'default', '', 2, 0, 1700000005.0, 'user', NULL, 'turn_1b90877536484617abb0e3f51da866cd', 3, 0.5, NULL, NULL, NULL, NULL, X'BA67BC5D3D01532F423CE711835AF7D7', X'3A973F09BEDC513ECA26C27DD6F7B313', '[]', '{}', 'quotes '' " ` ;-- DROP TABLE entries');
INSERT INTO entries VALUES (12, 1, 9, 'turn_1b90877536484617abb0e3f51da866cd.1', 'message', 'default', '', 2, 1, 1700000005.0, 'assistant', NULL, 'turn_1b90877536484617abb0e3f51da866cd', 2, 0.5, NULL, NULL, NULL, NULL, X'3A2C24716B0E3C504F3695F1881383A7', X'D549E94ABBC5CC1B0DEB7154CAC1AC8D', '[]', '{}', '\ % _ * ? $1 :a {x}');
INSERT INTO entries VALUES (14, 1, 9, 'turn_bb91a88b285b4b99bbd00091aede1f87.0', 'message', 'default', '', 3, 0, 1700000007.0, 'user', NULL, 'turn_bb91a88b285b4b99bbd00091aede1f87', 3, 0.5, NULL, NULL, NULL, NULL, X'E55542605ED77AE16882AC0110EA9D4F', X'36E7C0F466D1DDD33CC13A6FDB00CDA0', '[]', '{}', CAST(X'6C696E650A627265616B730D0A616E64097461627320EFBFBD20656E64' AS TEXT));
INSERT INTO entries VALUES (15, 1, 9, 'turn_bb91a88b285b4b99bbd00091aede1f87.1', 'message', 'default', '', 3, 1, 1700000007.0, 'assistant', NULL, 'turn_bb91a88b285b4b99bbd00091aede1f87', 2, 0.5, NULL, NULL, NULL, NULL, X'A9C3DC3FDE99DB8DDF6181C5D7546C47', X'B21AAB596C657CB9BD65428161292AB5', '[]', '{}', CAST(X'EFBBBF2062797465206F7264657220E2808B207A65726F207769647468' AS TEXT));
INSERT INTO entries VALUES (17, 1, 9, 'turn_27d60d73912a499085ce031bd805611a.0', 'message', 'default', '', 4, 0, 1700000009.0, 'user', NULL, 'turn_27d60d73912a499085ce031bd805611a', 3, 0.5, NULL, NULL, NULL, NULL, X'73BC3BF6EF1E74723057E68E31F53423', X'FF309B349CC381C54CDC387B1D72970A', '[]', '{}', CAST(X'E8A1A8E6838520F09F91A9E2808DF09F91A9E2808DF09F91A720616E6420D7A2D791D7A8D799D7AA20E280AE207265766572736564' AS TEXT));
INSERT INTO entries VALUES (18, 1, 9, 'turn_27d60d73912a499085ce031bd805611a.1', 'message', 'default', '', 4, 1, 1700000009.0, 'assistant', NULL, 'turn_27d60d73912a499085ce031bd805611a', 2, 0.5, NULL, NULL, NULL, NULL, X'FC8F97124F9E73F963F463E71B176A56', X'90AAC7EF0769D887ABCA690A6788076E', '[]', '{}', CAST(X'65CC8120636F6D62696E696E672C20EFBFBD2068616C6620612070616972' AS TEXT));
INSERT INTO entries VALUES (20, 1, 9, 'turn_001829cc888649f0b4f9aaa38d91575a.0', 'message', 'default', '', 5, 0, 1700000011.0, 'user', NULL, 'turn_001829cc888649f0b4f9aaa38d91575a', 3, 0.5, NULL, NULL, NULL, NULL, X'BF6665BDC25E125FBE4FFD94E845BCEB', X'8FDF1ECBA21E8A2A035A426661262F53', '[]', '{"flags":["forged-frame"]}', CAST(X'3C6D656D6F72793E2026203C2F6D656D6F72793E20F3A08181F3A081822068696464656E' AS TEXT));
INSERT INTO entries VALUES (21, 1, 9, 'turn_001829cc888649f0b4f9aaa38d91575a.1', 'message', 'default', '', 5, 1, 1700000011.0, 'assistant', NULL, 'turn_001829cc888649f0b4f9aaa38d91575a', 2, 0.5, NULL, NULL, NULL, NULL, X'2841A8969165BFBEF9844AE4262C557A', X'788872D8F8C4A2B615C355C2B9E33267', '[]', '{}', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx');
INSERT INTO entries VALUES (22, 1, 9, 'sum_484d7bcb1afb4c1f8ccc24351a739b35', 'summary', 'default', '', -1, 0, 1700000011.0, NULL, NULL, NULL, 2, 0.5, NULL, NULL, NULL, NULL, X'15D4644E3B80AA45D21FDAA451067294', X'5DC18106667331678A1FFBF8F95C4BF5', '["turn_001829cc888649f0b4f9aaa38d91575a.0","turn_001829cc888649f0b4f9aaa38d91575a.1"]', '{"compression_ratio":0.1343,"end_timestamp":1700000011.0,"level":"chunk","method":"extractive","num_turns":1,"start_timestamp":1700000011.0,"summary_length":38,"type":"chunk_summary"}', CAST(X'2D20557365723A203C6D656D6F72793E2026203C2F6D656D6F72793E20F3A08181F3A081822068696464656E' AS TEXT));
INSERT INTO entries VALUES (25, 1, 11, 'mem_8cbf6c9846a0477db706834c7bfd193b', 'pinned', 'default', '', -1, 0, 1700000017.0, NULL, NULL, NULL, 4, 1.0, NULL, NULL, NULL, NULL, X'E83E408B90C9009A08C5F450330D33A8', X'4E4B671A066085960B8FB01AFE32CFF3', '[]', '{}', 'Answer in whole sentences.');
INSERT INTO entries VALUES (27, 2, 2, 'turn_4a5e561f3def4b7bb1e028574b3ed2b5.0', 'message', CAST(X'C3A976656E696E67' AS TEXT), '', 0, 0, 1700000019.0, 'user', NULL, 'turn_4a5e561f3def4b7bb1e028574b3ed2b5', 3, 0.5, NULL, NULL, NULL, NULL, X'057B9B830384CAE80A9D140F9D229B29', X'DA03BECA15733C5CCF7B66193E3692B3', '[]', '{}', 'Bob''s key lies under the stone.');
INSERT INTO entries VALUES (35, 1, 14, 'turn_0140dbaa540843e481a6627b4b6d90de.0', 'message', 'default', '', 7, 0, 1700000028.0, 'user', NULL, 'turn_0140dbaa540843e481a6627b4b6d90de', 3, 0.5, NULL, NULL, NULL, NULL, X'52F324B566F46E8834092B680EC32E7A', X'015E053E703CD8A7ED9ED9E44CC3F585', '[]', '{}', 'This has no vector yet.');
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
INSERT INTO sources VALUES (1, 'turn_001829cc888649f0b4f9aaa38d91575a.0', 22);
INSERT INTO sources VALUES (1, 'turn_001829cc888649f0b4f9aaa38d91575a.1', 22);
INSERT INTO sources VALUES (1, 'turn_9c1cdd258d3e4144b531a4ea7877a0c9.0', 4);
INSERT INTO sources VALUES (1, 'turn_e92a4f74352b420388969de333f0a9d9.0', 9);
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
INSERT INTO passages VALUES (1, 1, 2, 0, 0, 16, 7, X'CB29C9626BB5A13E699A946EB6F8C1F1', X'0700000060BF126B28DAA70003E0D0F430853B5255F3EAD3EE6FE7892579E2B1656038B01FD6F6FEC713F4B53FD34F6F9F3D74D1C9EB359A3C8A6DE001010101010101');
INSERT INTO passages VALUES (2, 1, 3, 0, 0, 6, 5, X'6ACBBFACE3F4D4BEDEB72286AB63F721', X'0400000055F3EAD3EE6FE7891FD6F6FEC713F4B53FD34F6F9F3D74D1776A9565A39F17DA01010101');
INSERT INTO passages VALUES (3, 1, 4, 0, 0, 24, 8, X'12BFDD0F38334A2C70EC5DC4F5B50EF4', X'0800000079F25403C169AA3F03E0D0F430853B5255F3EAD3EE6FE789CF359B3706B543A72579E2B1656038B01FD6F6FEC713F4B53FD34F6F9F3D74D11D1EC438155CCAE70101010101010101');
INSERT INTO passages VALUES (4, 1, 7, 0, 0, 20, 7, X'62D2847C6723E666A07A222605EF0CAD', X'0700000060BF126B28DAA7007AF234ACD3571A1D39B82B0EE59DC37555F3EAD3EE6FE7891FD6F6FEC713F4B52B1C00277F831ACC3FD34F6F9F3D74D101010101010101');
INSERT INTO passages VALUES (5, 1, 8, 0, 0, 10, 5, X'F20B859F4819FEBEDD525B6B941F3637', X'050000002F54083BA2EC1E43D120FE6DEB18F94655F3EAD3EE6FE7891FD6F6FEC713F4B53FD34F6F9F3D74D10101010101');
INSERT INTO passages VALUES (6, 1, 9, 0, 0, 27, 8, X'BAC2EF4EABC5BFEFA3CC9DE581D5B47B', X'0800000079F25403C169AA3F39B82B0EE59DC37555F3EAD3EE6FE789CF359B3706B543A72579E2B1656038B01FD6F6FEC713F4B53FD34F6F9F3D74D11D1EC438155CCAE70101010101010101');
INSERT INTO passages VALUES (7, 1, 11, 0, 0, 35, 12, X'121C28D6E877931299A3409B24B945E7', X'07000000BD872D1ED265400C55F3EAD3EE6FE78945155BD4F65FF3A51FD6F6FEC713F4B5CD7E011C247A23C03FD34F6F9F3D74D150882FD2C0D460F501010101010101');
INSERT INTO passages VALUES (8, 1, 12, 0, 0, 19, 14, X'F39F5762511D833B7629D64C363A6C95', X'07000000BBB704550B71CB0C55F3EAD3EE6FE78931C7B59B445A12946C125C20B067B69F1FD6F6FEC713F4B57D390A0B9A8B47B93FD34F6F9F3D74D134E80453C615A8E70101010101010101');
INSERT INTO passages VALUES (9, 1, 14, 0, 0, 27, 13, X'61D94C6A4A79CE4A8447A1133E69030B', X'08000000108D513829B098095D39ACEDBF79A5586501070B9B45EE7955F3EAD3EE6FE78909F436C5D6DE058D1FD6F6FEC713F4B53FD34F6F9F3D74D130B0977A3F3CEEFE0101010101010101');
INSERT INTO passages VALUES (10, 1, 15, 0, 0, 25, 9, X'F0CA789677FB44671E61703599CE228C', X'070000004A93806F8534D3167F2EFCE4852C964255F3EAD3EE6FE7891FD6F6FEC713F4B5B4E2CD05DDC431BB0F7ECF12E31006BC3FD34F6F9F3D74D101010101010101');
INSERT INTO passages VALUES (11, 1, 17, 0, 0, 29, 28, X'92037B136993C676B3E2519010FE4A93', X'0C000000F8375A5F57322E3A5BB84FC4934D477555F3EAD3EE6FE789BB2010245E7A459E8BBA55171FBEBAA81FD6F6FEC713F4B53FD34F6F9F3D74D1C7A3B2302EB850E744929A94C0FC96E9E90C15B705D671EE30B0977A3F3CEEFE0201010101010101010101');
INSERT INTO passages VALUES (12, 1, 18, 0, 0, 27, 11, X'528B158D0047ADDC14DD28DD3FA5C5CE', X'08000000B50291BD15C15604BBB704550B71CB0C4535511F42538633B324BDFE264A2D412CA53779A8EF3E692D123F06E3806A744C08EC9572400C818B68394A594F778155F3EAD3EE6FE7896BE0B8BF4A7DFEAECB79141D197E52AF1FD6F6FEC713F4B53FD34F6F9F3D74D1E32F2257651B9BE00101010101010101010101010101');
INSERT INTO passages VALUES (13, 1, 20, 0, 0, 30, 18, X'0C74808FDDDF99B7CD6F71AA03A7A68F', X'0600000055F3EAD3EE6FE7891FD6F6FEC713F4B5D254CCEDAF5DB5CC3FD34F6F9F3D74D1E425E597C3A2B2DA0101020101');
INSERT INTO passages VALUES (14, 1, 21, 0, 0, 900, 117, X'9F68C661B64872A7CEF94B2B7BA5C8A1', X'12000000CD5A015FDE06346C6F6E61067D1CD67455F3EAD3EE6FE7891FD6F6FEC713F4B53FD34F6F9F3D74D17A038EACC1E59ED9FF010101010E');
INSERT INTO passages VALUES (15, 1, 22, 0, 0, 38, 21, X'B33C468C08CB07F2F1137F285C4F8371', X'0700000055F3EAD3EE6FE7891FD6F6FEC713F4B5D254CCEDAF5DB5CC3FD34F6F9F3D74D1E425E597C3A2B2DA1D1EC438155CCAE7010102010101');
INSERT INTO passages VALUES (17, 1, 25, 0, 0, 26, 8, X'01298BA7CBC9879F8FE63D6BC1A6B5E7', X'07000000C36306F4A7DCB18755F3EAD3EE6FE789F8912C4AED2D6E8B62FE9F90AFD2E5971461E5719AAAA99DC3D5D0BC0E26469E23A1AB0DE1BA6FAD2579E2B1656038B0652736FB065820B21FD6F6FEC713F4B52858D821F46567C93FD34F6F9F3D74D182DBBFEF4BD0A7ED01010101010101010101010101');
INSERT INTO passages VALUES (18, 2, 27, 0, 0, 31, 10, X'B0EA8C5A957945B73CF9D20B865AD44E', X'0900000069030386EA0891041B226C1737935C5E71ED4532029A996555F3EAD3EE6FE7894FE891AB7A8A0DA0CF359B3706B543A71FD6F6FEC713F4B53FD34F6F9F3D74D1623C49010BDEE6D2010101010101010101');
INSERT INTO passages VALUES (19, 1, 35, 0, 0, 23, 8, X'AA70BA0C09C367F36D9E908DF7132B16', X'0800000037830620157EB61D89C6F82BA99D202AB93C16F7FB506C7555F3EAD3EE6FE789529B7F3B0D4ECFB01FD6F6FEC713F4B538D710787A9313CE3FD34F6F9F3D74D10101010101010101');
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
INSERT INTO vectors VALUES (1, 1, 1, 2, 0, X'3573D98EE22F8AF666FE60C4D062D441', X'C3D010BE00000000C3D010BFC3D0103FC3D0903E000000002339D9BEC3D0903E');
INSERT INTO vectors VALUES (2, 1, 1, 3, 0, X'6C06CC48FB612950874A99BCD6A0F235', X'0000000000000000000000008374DF3E83745F3E83745FBF0000000000000000');
INSERT INTO vectors VALUES (3, 1, 1, 4, 0, X'4247C6F837E04C6B145D90925863F487', X'F933FABD000000000000000000000000F9337A3E7C601C3FFBA63BBFF933FA3D');
INSERT INTO vectors VALUES (4, 1, 1, 7, 0, X'86846B52B8ACDF56F68478D5DE2AFB2C', X'0000003E000000BF000000BF0000C03E0000803E0000003E0000003E0000003F');
INSERT INTO vectors VALUES (5, 1, 1, 8, 0, X'B60F39687471C41EEB3157E15076068C', X'F304B53E00000000F304B53E00000000F304353FF304B53E00000000F304B5BE');
INSERT INTO vectors VALUES (6, 1, 1, 9, 0, X'AF066666DE0A8F7D46DAB8F044BE4D12', X'A53284BE4E3F25BF00000000A532043EA532843EA532043FA53204BEF84BC63E');
INSERT INTO vectors VALUES (7, 1, 1, 11, 0, X'55938E3C3223FDE2AFFDC52CF9E39422', X'6C16ADBD6C162D3E6C162D3E6C16AD3D9F73173F6C16AD3E6C16ADBD6C162D3F');
INSERT INTO vectors VALUES (8, 1, 1, 12, 0, X'5CF529A1482C9AFF94BBC9D4BD9EB043', X'8F8441BE000000008F8441BE8F8441BF8F84413E6B2311BF0000000000000000');
INSERT INTO vectors VALUES (9, 1, 1, 14, 0, X'F6AD8802BFD7E0A4C025ABF302746E70', X'B3019EBDB3011EBEB3019E3DE9C131BF00000000B3019E3DB3019EBEB3011E3F');
INSERT INTO vectors VALUES (10, 1, 1, 15, 0, X'0B2A5F4AFC64DF83A1330C2997F52D65', X'5F1D26BEB7A44FBF5F1D263E5F1D263E5F1D263E00000000000000000F2CF93E');
INSERT INTO vectors VALUES (11, 1, 1, 17, 0, X'97ED64443CFAD0ACA179A4809E9BA64F', X'EDE3E73DEDE3E73DEDE3E73DEDE3E7BEF2EAADBE0000000074EE10BF74EE103F');
INSERT INTO vectors VALUES (12, 1, 1, 18, 0, X'1D5D651E3B921B2304E691DB54DB26AB', X'8CEA28BF8CEAA8BD8CEAA8BE8CEAA8BE000000003ACD13BF000000008CEAA83D');
INSERT INTO vectors VALUES (13, 1, 1, 20, 0, X'3B332B285F3D2D57C65B98DC12985D24', X'8F84413E8F84C13E000000008F84C13D6B2391BE8F8441BF6B2391BE6B23913E');
INSERT INTO vectors VALUES (14, 1, 1, 21, 0, X'A337CA41942D28EDCD1091F4296584F7', X'42F05A3B00000000000000000000000081F5913A98FF7F3F0000000000000000');
INSERT INTO vectors VALUES (15, 1, 1, 22, 0, X'AA26EDE3BDDB691A38EB79E8815BAD83', X'9BE8213E9BE8A13E9BE8A1BD9BE8A13DE9DC72BE9BE821BF9BE8A1BE88AB0D3F');
INSERT INTO vectors VALUES (17, 1, 1, 25, 0, X'F20857148272C5CFE4433176A3755004', X'000000008F84413E6B23113F6B23113F8F84413E000000008F84C1BE8F84C13E');
INSERT INTO vectors VALUES (18, 2, 1, 27, 0, X'1E686486CBE1441FA11C755F91A20387', X'82A6833DC379C53E2390A4BE6463E6BE82A683BD000000006463E63E531B14BF');
INSERT INTO vectors VALUES (19, 1, 1, 35, 0, X'6C3BF64231519F7ECF605D1754B6B247', X'00000000000000004FE1BF3EEB5006BF000000000C81193E000000004FE13FBF');
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
INSERT INTO ledger VALUES (5, 1, 'places', '2cf24f95fc4f791ff4e51e16020a27e8', X'0A9DF789088FD3044D8839BC2A816841', '');
INSERT INTO ledger VALUES (28, 1, 'prompts', 'ctx_8062f0ffe5454a78b74f553a5047eaf0', X'AE5929E315C560C01693D50E5D2C30B9', '{"at": 1700000022.0, "session_id": "default", "task_id": "", "totals": [8, 48, 73, 79, 86, 91, 102, 117, 129, 138, 166, 177, 188, 217, 236, 357, 366], "digest": "0c8360c0dad757691ec36348bcfcd52d", "budget": 12000, "answerability": 0.9036058783531189, "covered": true, "degraded": [], "pieces": [{"section": "pinned", "group": "", "reason": "pinned: always in the prompt", "score": null, "cut": false, "entry_id": "mem_8cbf6c9846a0477db706834c7bfd193b", "turn_id": null, "kind": "pinned", "timestamp": 1700000017.0, "trust": 4, "stages": {}, "span": [0, 26], "speaker": ""}, {"section": "summary", "group": "", "reason": "stands for turns that left the working set", "score": null, "cut": false, "entry_id": "sum_484d7bcb1afb4c1f8ccc24351a739b35", "turn_id": null, "kind": "summary", "timestamp": 1700000011.0, "trust": 2, "stages": {}, "span": [0, 38], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session; part of it has changed since", "score": null, "cut": false, "entry_id": "turn_9c1cdd258d3e4144b531a4ea7877a0c9.0", "turn_id": "turn_9c1cdd258d3e4144b531a4ea7877a0c9", "kind": "message", "timestamp": 1700000001.0, "trust": 3, "stages": {}, "span": [0, 16], "quote": "ctx_8062f0ffe5454a78b74f553a5047eaf0.0", "redacted": false, "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_9c1cdd258d3e4144b531a4ea7877a0c9.1", "turn_id": "turn_9c1cdd258d3e4144b531a4ea7877a0c9", "kind": "message", "timestamp": 1700000001.0, "trust": 2, "stages": {}, "span": [0, 6], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_e92a4f74352b420388969de333f0a9d9.0", "turn_id": "turn_e92a4f74352b420388969de333f0a9d9", "kind": "message", "timestamp": 1700000003.0, "trust": 3, "stages": {}, "span": [0, 20], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_e92a4f74352b420388969de333f0a9d9.1", "turn_id": "turn_e92a4f74352b420388969de333f0a9d9", "kind": "message", "timestamp": 1700000003.0, "trust": 2, "stages": {}, "span": [0, 10], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_1b90877536484617abb0e3f51da866cd.0", "turn_id": "turn_1b90877536484617abb0e3f51da866cd", "kind": "message", "timestamp": 1700000005.0, "trust": 3, "stages": {}, "span": [0, 35], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_1b90877536484617abb0e3f51da866cd.1", "turn_id": "turn_1b90877536484617abb0e3f51da866cd", "kind": "message", "timestamp": 1700000005.0, "trust": 2, "stages": {}, "span": [0, 19], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_bb91a88b285b4b99bbd00091aede1f87.0", "turn_id": "turn_bb91a88b285b4b99bbd00091aede1f87", "kind": "message", "timestamp": 1700000007.0, "trust": 3, "stages": {}, "span": [0, 27], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_bb91a88b285b4b99bbd00091aede1f87.1", "turn_id": "turn_bb91a88b285b4b99bbd00091aede1f87", "kind": "message", "timestamp": 1700000007.0, "trust": 2, "stages": {}, "span": [0, 25], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_27d60d73912a499085ce031bd805611a.0", "turn_id": "turn_27d60d73912a499085ce031bd805611a", "kind": "message", "timestamp": 1700000009.0, "trust": 3, "stages": {}, "span": [0, 29], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_27d60d73912a499085ce031bd805611a.1", "turn_id": "turn_27d60d73912a499085ce031bd805611a", "kind": "message", "timestamp": 1700000009.0, "trust": 2, "stages": {}, "span": [0, 27], "speaker": "@"}, {"section": "recent", "group": "", "reason": "one of the most recent turns of this session", "score": null, "cut": false, "entry_id": "turn_ccea8af6a7a54d2fa747ba92bee48717.0", "turn_id": "turn_ccea8af6a7a54d2fa747ba92bee48717", "kind": "message", "timestamp": 1700000014.0, "trust": 3, "stages": {}, "span": [0, 31], "speaker": "@"}, {"section": "memory", "group": "[14 November 2023]", "reason": "", "score": 0.14378225803375244, "cut": false, "entry_id": "fact_c93d164f02c2456785d92df6d8c7f33d", "turn_id": null, "kind": "fact", "timestamp": 1700000003.0, "trust": 3, "stages": {"words": -0.7510389685630798, "vectors": 1.2196913957595825, "vectors nearby": 1.4240838289260864, "speaker": 0.0, "assistant": 0.0, "assistant asked": 0.0, "time": 0.0, "number": 0.0, "standing": 0.0, "long": 0.0, "importance": 0.0}, "span": [0, 27], "speaker": "@"}, {"section": "memory", "group": "[14 November 2023]", "reason": "", "score": 0.030613988637924194, "cut": false, "entry_id": "turn_001829cc888649f0b4f9aaa38d91575a.0", "turn_id": "turn_001829cc888649f0b4f9aaa38d91575a", "kind": "message", "timestamp": 1700000011.0, "trust": 3, "stages": {"words": -0.7510389685630798, "vectors": -0.7433034181594849, "vectors nearby": -0.7065531015396118, "speaker": 0.0, "assistant": 0.0, "assistant asked": 0.0, "time": 0.0, "number": 0.0, "standing": 0.0, "long": 0.0, "importance": 0.0}, "span": [0, 30], "speaker": "@"}, {"section": "memory", "group": "[14 November 2023]", "reason": "", "score": 0.002953768242150545, "cut": false, "entry_id": "turn_001829cc888649f0b4f9aaa38d91575a.1", "turn_id": "turn_001829cc888649f0b4f9aaa38d91575a", "kind": "message", "timestamp": 1700000011.0, "trust": 2, "stages": {"words": -0.7510389685630798, "vectors": -0.6193669438362122, "vectors nearby": -0.3587139844894409, "speaker": 0.0, "assistant": 1.0, "assistant asked": 0.0, "time": 0.0, "number": 0.0, "standing": 0.0, "long": 0.0, "importance": 0.0}, "span": [0, 900], "speaker": "@"}, {"section": "input", "group": "", "reason": "the current input is always shown", "score": null, "cut": false, "entry_id": null, "turn_id": null, "kind": null, "timestamp": null, "trust": 3, "stages": {}, "span": null, "quote": "ctx_8062f0ffe5454a78b74f553a5047eaf0.1", "redacted": false, "speaker": ""}]}');
INSERT INTO ledger VALUES (29, 1, 'quotes', 'ctx_8062f0ffe5454a78b74f553a5047eaf0.0', X'8893269C9D440E1D61F40F4EEBCE7F20', ' [since 14 November 2023: The user lives in Aberdeen.]');
INSERT INTO ledger VALUES (30, 1, 'quotes', 'ctx_8062f0ffe5454a78b74f553a5047eaf0.1', X'1FE2590329420D46177874E9645DB39E', 'Where do I live?');
INSERT INTO ledger VALUES (31, 1, 'receipts', 'bb43cd38b9543cb6c580c79d0d34ab64:00000001', X'12D2D1FE617FAD6849294F282D0F737D', '{"asked":"ids","at":1700000024.0,"digest":"bd3cd3a332512401582efc6afbd13b8d","dropped":0,"entries":1,"kinds":{"message":1},"number":1,"previous":"","recorded":0,"rederived":0,"store":"bb43cd38b9543cb6c580c79d0d34ab64","turns":1}');
INSERT INTO ledger VALUES (32, 1, 'tombstones', 'c9d988af62a0b9dd6b6234fce8962da7', X'BE99FAE2B2EFCA593AF2F4E2CE0E63F1', '{"at": 1700000024.0}');
INSERT INTO ledger VALUES (33, 1, 'tombstones', '8cf13f6522000192304d008f0061252c', X'43B389C1CB417E090BFFA4F167CBB67A', '{"at": 1700000024.0}');
CREATE UNIQUE INDEX ledger_by_name ON ledger (partition, book, name);
CREATE INDEX ledger_by_number ON ledger (partition, book, number);
CREATE TABLE jobs (
    number     INTEGER PRIMARY KEY,
    work       TEXT    NOT NULL,
    tenant_id  TEXT    NOT NULL,
    user_id    TEXT    NOT NULL,
    agent_id   TEXT    NOT NULL,
    session_id TEXT    NOT NULL,
    due        REAL    NOT NULL,
    token      TEXT    NOT NULL,
    attempt    INTEGER NOT NULL,
    again      REAL
) STRICT;
CREATE UNIQUE INDEX jobs_by_name ON jobs (work, tenant_id, user_id, agent_id, session_id);
CREATE INDEX jobs_by_due ON jobs (due);
