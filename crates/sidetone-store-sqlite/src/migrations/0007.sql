-- Version 7: comments are added to their index many at a time.

-- As before, but rowid is that of the call, and in the lower 20 bits the revision of the annotation that said so:
-- a comment that was changed stays beside the new one.
drop table comment;
create virtual table comment using fts5(
  text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);

-- One row: the comments of all changes up to this row of annotation_log are in the index; the others are read there.
create table comment_progress (
  indexed integer not null
) strict;
insert into comment_progress values (0);
