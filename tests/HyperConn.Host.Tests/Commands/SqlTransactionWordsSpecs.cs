using HyperConn.Host.Commands;

namespace HyperConn.Tests.Commands;

public class SqlTransactionWordsSpecs
{
    [Theory]
    [InlineData("begin; select 1; commit;", "begin", 1)]
    [InlineData("create table a (i int);\nCOMMIT", "commit", 2)]
    [InlineData("select 1;/* a /* nested */ comment */ -- and another\n End ;", "end", 2)]
    [InlineData("start\n transaction read only", "start transaction", 1)]
    [InlineData("select 1; abort", "abort", 1)]
    [InlineData("rollback and chain", "rollback", 1)]
    [InlineData("select 1; prepare transaction 'x'", "prepare transaction", 1)]
    [InlineData("commit prepared 'x'", "commit prepared", 1)]
    [InlineData("select 'it''s'; commit", "commit", 1)]
    [InlineData("select '\\'; commit; --'", "commit", 1)]
    [InlineData("select E'\\'' ; commit", "commit", 1)]
    [InlineData("select e'a''\\'b'; commit", "commit", 1)]
    [InlineData("select $a$ $$ $b$ $a$; commit", "commit", 1)]
    [InlineData("select $1; commit; select $1", "commit", 1)]
    [InlineData("select a$b$c; commit; select a$b$c", "commit", 1)]
    [InlineData("select \"a;\"; commit", "commit", 1)]
    [InlineData("create function f() returns int begin atomic select case 1 when 1 then 2 end; select 1; end; commit", "commit", 1)]
    public void A_statement_that_begins_or_ends_a_transaction_is_found(string sql, string words, int line) =>
        Assert.Equal((words, line), SqlTransactionWords.Find(sql));

    [Theory]
    [InlineData("")]
    [InlineData(";;")]
    [InlineData("select 'a; commit; b'")]
    [InlineData("select 'it''s; commit'")]
    [InlineData("select E'it\\'s; commit;'")]
    [InlineData("select E'a''; commit;'")]
    [InlineData("select \"a\"\"; commit;\"")]
    [InlineData("do $$ begin perform 1; commit; end $$")]
    [InlineData("do $a$ begin perform 1; end; $$; commit; $a$")]
    [InlineData("-- commit;\nselect 1")]
    [InlineData("select 1; -- it's\n select 2 /* ; commit; /* ; begin */ ; end */; select '--'")]
    [InlineData("create function f() returns int begin atomic select case 1 when 1 then 2 end; select 1; end; select 2")]
    [InlineData("create table commit (\"begin\" int); comment on table commit is 'x'")]
    [InlineData("savepoint a; insert into t values (1); rollback to a; release a")]
    [InlineData("prepare q as select 1; start_it()")]
    [InlineData("select 1 as begin; select case when true then 1 end")]
    [InlineData("set transaction read only")]
    [InlineData("select $")]
    [InlineData("select 'never closed; commit")]
    public void What_only_looks_like_one_is_not(string sql) => Assert.Null(SqlTransactionWords.Find(sql));
}
