-- The portal's tables and rows as release 0.1.0 left them (SQLite), after a creation and a change, and killed within another
-- change, a creation and an import. MOMENT is the hour of it, in seconds since 1970.
BEGIN TRANSACTION;
CREATE TABLE activation_mails (
	id INTEGER NOT NULL, 
	user_id VARCHAR(64) NOT NULL, 
	sent_at FLOAT NOT NULL, 
	CONSTRAINT pk_activation_mails PRIMARY KEY (id)
);
INSERT INTO "activation_mails" VALUES(1,'00000000-0000-0000-0000-000000000004',MOMENT);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0004');
CREATE TABLE import_lines (
	import_id VARCHAR(64) NOT NULL, 
	number INTEGER NOT NULL, 
	cells JSON NOT NULL, 
	surplus INTEGER NOT NULL, 
	outcome VARCHAR(16), 
	problems JSON, 
	"before" JSON, 
	"after" JSON, 
	mail_sent BOOLEAN, 
	CONSTRAINT pk_import_lines PRIMARY KEY (import_id, number), 
	FOREIGN KEY(import_id) REFERENCES imports (id) ON DELETE CASCADE
);
INSERT INTO "import_lines" VALUES('f0d6741ac02030c9d26d881cb90077e3',2,'{"email": "zoe@acme.example", "last_name": "Zola", "first_name": "Zo\u00e9", "title": "mme", "locale": "fr", "company": "acme", "role": "user", "affiliation": "internal"}',0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE imports (
	id VARCHAR(64) NOT NULL, 
	author JSON NOT NULL, 
	actor_id VARCHAR(64) NOT NULL, 
	mails BOOLEAN NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	worker VARCHAR(255) NOT NULL, 
	created_at FLOAT NOT NULL, 
	began_at FLOAT NOT NULL, 
	done_before INTEGER NOT NULL, 
	beat_at FLOAT NOT NULL, 
	finished_at FLOAT, 
	CONSTRAINT pk_imports PRIMARY KEY (id)
);
INSERT INTO "imports" VALUES('f0d6741ac02030c9d26d881cb90077e3','{"id": "00000000-0000-0000-0000-000000000001", "name": "Anne Durand", "email": "anne@acme.example", "request_id": "request-of-a-test"}','00000000-0000-0000-0000-000000000001',1,'running','host-of-0.1:1:1',MOMENT,MOMENT,0,MOMENT,NULL);
CREATE TABLE journal (
	id INTEGER NOT NULL, 
	at FLOAT NOT NULL, 
	request_id VARCHAR(64) NOT NULL, 
	operation_id VARCHAR(64), 
	actor_id VARCHAR(64) NOT NULL, 
	actor_name VARCHAR(512) NOT NULL, 
	actor_email VARCHAR(255) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	person_id VARCHAR(64), 
	person_name VARCHAR(512) NOT NULL, 
	person_email VARCHAR(255) NOT NULL, 
	"before" JSON, 
	"after" JSON, 
	outcome VARCHAR(16) NOT NULL, 
	reason VARCHAR(32) NOT NULL, 
	words TEXT NOT NULL, 
	CONSTRAINT pk_journal PRIMARY KEY (id)
);
INSERT INTO "journal" VALUES(1,MOMENT,'2303ce31f1ed4450ba8791a577177ac2','1c9a7954bfcb410aa435dfc4a96b5bab','00000000-0000-0000-0000-000000000001','Anne Durand','anne@acme.example','create','00000000-0000-0000-0000-000000000004','Emma Bernard','emma@acme.example','null','{"role": "user", "affiliation": "internal"}','done','','anne durand anne@acme.example emma bernard emma@acme.example');
INSERT INTO "journal" VALUES(2,MOMENT,'98929636a59b4455bc2cc2dce46dff33','ca895e0d376b42718bc0ee0796c9d949','00000000-0000-0000-0000-000000000001','Anne Durand','anne@acme.example','change','00000000-0000-0000-0000-000000000002','Bruno Martin','bruno@acme.example','{"role": "user", "affiliation": "internal"}','{"role": "administrator", "affiliation": "internal"}','done','','anne durand anne@acme.example bruno martin bruno@acme.example');
INSERT INTO "journal" VALUES(3,MOMENT,'98929636a59b4455bc2cc2dce46dff33','ca895e0d376b42718bc0ee0796c9d949','00000000-0000-0000-0000-000000000001','Anne Durand','anne@acme.example','attach','00000000-0000-0000-0000-000000000002','Bruno Martin','bruno@acme.example','null','{"role": "user", "affiliation": "external"}','done','','anne durand anne@acme.example bruno martin bruno@acme.example');
CREATE TABLE journal_companies (
	company_id VARCHAR(63) NOT NULL, 
	line_id INTEGER NOT NULL, 
	CONSTRAINT pk_journal_companies PRIMARY KEY (company_id, line_id), 
	FOREIGN KEY(line_id) REFERENCES journal (id) ON DELETE CASCADE
);
INSERT INTO "journal_companies" VALUES('acme',1);
INSERT INTO "journal_companies" VALUES('acme',2);
INSERT INTO "journal_companies" VALUES('globex',3);
CREATE TABLE locks (
	name VARCHAR(255) NOT NULL, 
	holder VARCHAR(64) NOT NULL, 
	expires_at FLOAT NOT NULL, 
	CONSTRAINT pk_locks PRIMARY KEY (name)
);
CREATE TABLE mails (
	id INTEGER NOT NULL, 
	message_id VARCHAR(255) NOT NULL, 
	recipient VARCHAR(255) NOT NULL, 
	subject VARCHAR(998) NOT NULL, 
	text TEXT NOT NULL, 
	html TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	due_at FLOAT NOT NULL, 
	tries INTEGER NOT NULL, 
	CONSTRAINT pk_mails PRIMARY KEY (id)
);
CREATE TABLE notices (
	id INTEGER NOT NULL, 
	operation_id VARCHAR(64), 
	batch VARCHAR(64), 
	payload JSON NOT NULL, 
	created_at FLOAT NOT NULL, 
	due_at FLOAT NOT NULL, 
	tries INTEGER NOT NULL, 
	CONSTRAINT pk_notices PRIMARY KEY (id)
);
INSERT INTO "notices" VALUES(1,'1c9a7954bfcb410aa435dfc4a96b5bab',NULL,'{"author": {"id": "00000000-0000-0000-0000-000000000001", "name": "Anne Durand", "email": "anne@acme.example", "request_id": "2303ce31f1ed4450ba8791a577177ac2"}, "person": {"id": "00000000-0000-0000-0000-000000000004", "name": "Emma Bernard", "email": "emma@acme.example", "locale": "fr"}, "created": true, "cancelled": false, "changes": [{"company": {"id": "acme", "name": "", "services": [], "siren": null, "key": ""}, "before": null, "after": {"company_id": "acme", "role": "user", "affiliation": "internal"}}]}',MOMENT,MOMENT,0);
INSERT INTO "notices" VALUES(2,'ca895e0d376b42718bc0ee0796c9d949',NULL,'{"author": {"id": "00000000-0000-0000-0000-000000000001", "name": "Anne Durand", "email": "anne@acme.example", "request_id": "98929636a59b4455bc2cc2dce46dff33"}, "person": {"id": "00000000-0000-0000-0000-000000000002", "name": "Bruno Martin", "email": "bruno@acme.example", "locale": "fr"}, "created": false, "cancelled": false, "changes": [{"company": {"id": "acme", "name": "Acme \u00c9nergie", "services": ["cataliz", "data"], "siren": null, "key": "de36a1c1-9707-5458-90da-31b2b8066799"}, "before": {"company_id": "acme", "role": "user", "affiliation": "internal"}, "after": {"company_id": "acme", "role": "administrator", "affiliation": "internal"}}, {"company": {"id": "globex", "name": "Globex", "services": ["data"], "siren": null, "key": "69c56c45-6fe2-5737-a05c-a2fa272be689"}, "before": null, "after": {"company_id": "globex", "role": "user", "affiliation": "external"}}]}',MOMENT,MOMENT,0);
CREATE TABLE operations (
	id VARCHAR(64) NOT NULL, 
	kind VARCHAR(32) NOT NULL, 
	actor_id VARCHAR(64) NOT NULL, 
	payload JSON NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	worker VARCHAR(255) NOT NULL, 
	started_at FLOAT NOT NULL, 
	finished_at FLOAT, 
	CONSTRAINT pk_operations PRIMARY KEY (id)
);
INSERT INTO "operations" VALUES('1c9a7954bfcb410aa435dfc4a96b5bab','create','00000000-0000-0000-0000-000000000001','{}','done','host-of-0.1:1:1',MOMENT,MOMENT);
INSERT INTO "operations" VALUES('ca895e0d376b42718bc0ee0796c9d949','change','00000000-0000-0000-0000-000000000001','{}','done','host-of-0.1:1:1',MOMENT,MOMENT);
INSERT INTO "operations" VALUES('465ea720ac16467bb611a7aef845097f','change','00000000-0000-0000-0000-000000000001','{"user_id": "00000000-0000-0000-0000-000000000002", "name": "Bruno Martin", "changes": [{"company_id": "acme", "before": {"company_id": "acme", "role": "administrator", "affiliation": "internal"}, "after": null}], "batch": "", "author": {"id": "00000000-0000-0000-0000-000000000001", "name": "Anne Durand", "email": "anne@acme.example", "request_id": "207ac0e9557f4f4bb3c66ba7aabbe86c"}}','running','host-of-0.1:1:1',MOMENT,NULL);
INSERT INTO "operations" VALUES('aaf68f9f01aa4958902101ed35d67279','create','00000000-0000-0000-0000-000000000001','{"profile": {"email": "noe@acme.example", "last_name": "Noir", "first_name": "No\u00e9", "title": "mme", "locale": "fr"}, "attachments": [{"company_id": "acme", "role": "user", "affiliation": "internal"}], "invitation": {"by": "Anne Durand", "companies": ["Acme \u00c9nergie"], "others": 0}, "mail": true, "batch": "", "author": {"id": "00000000-0000-0000-0000-000000000001", "name": "Anne Durand", "email": "anne@acme.example", "request_id": "935242ac3e50424ba973055bbbe3b229"}}','running','host-of-0.1:1:1',MOMENT,NULL);
CREATE TABLE quota_uses (
	id INTEGER NOT NULL, 
	quota VARCHAR(32) NOT NULL, 
	subject VARCHAR(64) NOT NULL, 
	"key" VARCHAR(64) NOT NULL, 
	at FLOAT NOT NULL, 
	CONSTRAINT pk_quota_uses PRIMARY KEY (id)
);
INSERT INTO "quota_uses" VALUES(1,'sign_in','cd69ef6138aaa610d99fbc543f1f72df23f90bc0636529628e472631adf5dbc9','',MOMENT);
CREATE TABLE resendings (
	actor_id VARCHAR(64) NOT NULL, 
	worker VARCHAR(255) NOT NULL, 
	began_at FLOAT NOT NULL, 
	beat_at FLOAT NOT NULL, 
	results JSON NOT NULL, 
	CONSTRAINT pk_resendings PRIMARY KEY (actor_id)
);
INSERT INTO "resendings" VALUES('00000000-0000-0000-0000-000000000001','host-of-0.1:1:1',MOMENT,MOMENT,'[["00000000-0000-0000-0000-000000000002", null], ["00000000-0000-0000-0000-000000000003", null]]');
CREATE TABLE sessions (
	id VARCHAR(64) NOT NULL, 
	person_id VARCHAR(64), 
	keycloak_session VARCHAR(255), 
	data BLOB NOT NULL, 
	created_at FLOAT NOT NULL, 
	expires_at FLOAT NOT NULL, 
	CONSTRAINT pk_sessions PRIMARY KEY (id)
);
INSERT INTO "sessions" VALUES('9c540a61906198ea12709df580038675720112b677e17b9175095e8ff59d17e4','00000000-0000-0000-0000-000000000001','1b5f5d1f-2a06-4f35-91ad-5f57c499806d',X'87AA5F7065726D616E656E74C2A9706572736F6E5F6964D92430303030303030302D303030302D303030302D303030302D303030303030303030303031B06B6579636C6F616B5F73657373696F6ED92431623566356431662D326130362D346633352D393161642D356635376334393938303664A6746F6B656E7384AC6163636573735F746F6B656ED92D6163636573732D31623566356431662D326130362D346633352D393161642D3566353763343939383036642E30AD726566726573685F746F6B656ED92E726566726573682D31623566356431662D326130362D346633352D393161642D3566353763343939383036642E30A869645F746F6B656ED92769642D31623566356431662D326130362D346633352D393161642D356635376334393938303664AA657870697265735F6174CB41DAC3447622B2B1AA637265617465645F6174CB41DAC3446722BF93AA637372665F746F6B656ED92865333537393830303130653135313332613635656132663238656362396432633132316263656366A85F666C61736865739392A773756363657373D945436F6D707465206372C3A9C3A920706F757220456D6D61204265726E617264E280AF3B206C65206D61696C2064E2809961637469766174696F6E206573742070617274692E92A773756363657373D92A52617474616368656D656E7473206D6F64696669C3A97320706F7572204272756E6F204D617274696E2E92A4756E646FD9206361383935653064333736623432373138626330656530373936633964393439',MOMENT,(MOMENT + 1801.0));
CREATE INDEX ix_sessions_person_id ON sessions (person_id);
CREATE INDEX ix_sessions_keycloak_session ON sessions (keycloak_session);
CREATE INDEX ix_sessions_expires_at ON sessions (expires_at);
CREATE INDEX ix_operations_state_actor_id ON operations (state, actor_id);
CREATE INDEX ix_activation_mails_user_id_sent_at ON activation_mails (user_id, sent_at);
CREATE INDEX ix_journal_person_id ON journal (person_id);
CREATE INDEX ix_journal_at ON journal (at);
CREATE INDEX ix_quota_uses_quota_subject_at ON quota_uses (quota, subject, at);
CREATE INDEX ix_notices_batch ON notices (batch);
CREATE INDEX ix_notices_due_at ON notices (due_at);
CREATE INDEX ix_mails_due_at ON mails (due_at);
CREATE INDEX ix_imports_actor_id ON imports (actor_id);
CREATE INDEX ix_imports_created_at ON imports (created_at);
CREATE INDEX ix_resendings_beat_at ON resendings (beat_at);
COMMIT;
