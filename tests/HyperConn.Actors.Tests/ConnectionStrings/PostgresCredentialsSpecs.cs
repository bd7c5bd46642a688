using System.Text.Json;
using HyperConn.ConnectionStrings;
using Npgsql;

namespace HyperConn.Tests;

public class PostgresCredentialsSpecs
{
    private const string Canary = "S3cr3tCanary";

    public static TheoryData<string> SameCredentials =>
    [
        "postgresql://app:S3cr3tCanary@db.example:5433/orders?sslmode=verify-full",
        "\n postgres://app:S3cr3tCanary@db.example:5433/orders?sslmode=verify-full\r\n",
        "host=db.example port=5433 user=app password=S3cr3tCanary dbname=orders sslmode=verify-full",
        " user = app\n password = 'S3cr3tCanary' host='db.example' port=5433 dbname=orders sslmode=verify-full\n",
        "host=db.example,port=5433 user=app password=S3cr3tCanary dbname=orders sslmode=verify-full host=db.example port=5433",
        "Host=db.example;Port=5433;Username=app;Password=S3cr3tCanary;Database=orders;SSL Mode=VerifyFull",
        "host=db.example;port=5433;username=app;password=S3cr3tCanary;database=orders;sslmode=verifyfull;",
        "Server=db.example:5433; User Id=app; PWD='S3cr3tCanary'; DB=orders; Ssl Mode=VerifyFull",
        """{"engine":"postgres","host":"db.example","port":5433,"username":"app","password":"S3cr3tCanary","dbname":"orders","sslmode":"verify-full"}""",
        """ { "engine": "aurora-postgresql", "host": "db.example", "port": "5433", "username": "app", "password": "S3cr3tCanary", "dbname": "orders", "sslmode": "verify-full", "dbClusterIdentifier": "c1", "masterarn": null } """,
        "\"postgresql://app:S3cr3tCanary@db.example:5433/orders?sslmode=verify-full\"",
        JsonSerializer.Serialize(
            """{"engine":"postgres","host":"db.example","port":5433,"username":"app","password":"S3cr3tCanary","dbname":"orders","sslmode":"verify-full"}"""),
    ];

    [Theory]
    [MemberData(nameof(SameCredentials))]
    public void Every_form_says_the_same(string text)
    {
        var credentials = Parse(text);
        Assert.Equal([("db.example", 5433)], credentials.Hosts);
        Assert.Equal(("app", Canary, "orders"), (credentials.Username, credentials.Password, credentials.Database));
        Assert.Equal(Parse("postgresql://app:S3cr3tCanary@db.example:5433/orders?sslmode=verify-full"), credentials);
        Assert.Empty(credentials.Ignored);
        Assert.DoesNotContain(Canary, credentials.ToString(), StringComparison.Ordinal);

        var npgsql = credentials.ToNpgsql();
        Assert.Null(npgsql.Password);
        Assert.DoesNotContain(Canary, npgsql.ConnectionString, StringComparison.Ordinal);
        Assert.Equal(
            ("db.example", 5433, "app", "orders", SslMode.VerifyFull, GssEncryptionMode.Disable),
            (npgsql.Host!, npgsql.Port, npgsql.Username!, npgsql.Database!, npgsql.SslMode, npgsql.GssEncryptionMode));
        var builder = new NpgsqlDataSourceBuilder(npgsql.ConnectionString);
        builder.UsePasswordProvider(_ => credentials.Password, (_, _) => new(credentials.Password));
        using var buildable = builder.Build();
    }

    [Theory]
    [InlineData("postgresql://u:p@h", "u")]
    [InlineData("host=h user=u password=p dbname=''", "u")]
    [InlineData("Host=h;Username=u;Password=p", "u")]
    [InlineData("""{"host":"h","username":"u","password":"p"}""", "u")]
    [InlineData("""{"host":"h","username":"u","password":"p","dbname":null}""", "u")]
    [InlineData("""{"host":"h","username":"u","password":"p","database":"d"}""", "d")]
    public void Port_and_database_have_libpqs_defaults(string text, string database)
    {
        var credentials = Parse(text);
        Assert.Equal((("h", 5432), database, database), (credentials.Hosts.Single(), credentials.Database, credentials.ToNpgsql().Database));
    }

    [Theory]
    [InlineData("postgresql://u:p@h1,[::1]:5433/db")]
    [InlineData("host=h1,::1 port=,5433 user=u password=p")]
    [InlineData("Host=h1, [::1]:5433;Username=u;Password=p")]
    [InlineData("Host=h1:5432,::1;Port=5433;Username=u;Password=p")]
    public void Every_host_of_a_list_is_known_with_its_port(string text)
    {
        var credentials = Parse(text);
        Assert.Equal([("h1", 5432), ("::1", 5433)], credentials.Hosts);
        Assert.Equal("h1:5432,[::1]:5433", credentials.ToNpgsql().Host);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData(" \n", "empty")]
    [InlineData("S3cr3tCanary", "'='")]
    [InlineData("postgresql://u:S3cr3tCanary@/db", "host")]
    [InlineData("postgresql://:S3cr3tCanary@h/db", "user")]
    [InlineData("postgresql://u@h/S3cr3tCanary", "password")]
    [InlineData("postgresql://u:@h/S3cr3tCanary", "password")]
    [InlineData("postgresql://u:p@h/db?passfile=S3cr3tCanary", "passfile")]
    [InlineData("postgresql://u:p@h/db?service=S3cr3tCanary", "service")]
    [InlineData("postgresql://u:p@h/db?options=-o%20S3cr3tCanary", "options")]
    [InlineData("postgresql://u:x@S3cr3tCanary@h/db", "host")]
    [InlineData("postgresql://u:x/S3cr3tCanary@h/db", "port")]
    [InlineData("mysql://u:S3cr3tCanary@h/db", "scheme")]
    [InlineData("postgresql+psycopg2://u:S3cr3tCanary@h/db", "scheme")]
    [InlineData("jdbc:postgresql://h/db?user=u&password=S3cr3tCanary", "scheme")]
    [InlineData("user=u password=S3cr3tCanary", "host")]
    [InlineData("host=h password=S3cr3tCanary", "user")]
    [InlineData("host=h user=S3cr3tCanary", "password")]
    [InlineData("host=h user=u password='S3cr3tCanary", "'password'")]
    [InlineData("host=h user=u password=x S3cr3tCanary", "Parameter 4")]
    [InlineData("host=h user=u password=x S3cr3tCanary=y", "Parameter 4")]
    [InlineData("host=h user=u password=x\0S3cr3tCanary", "NUL")]
    [InlineData("Host=h;Username=u;Password=x\0S3cr3tCanary", "NUL")]
    [InlineData("Host=h;Username=S3cr3tCanary", "password")]
    [InlineData("Host=h;Password=S3cr3tCanary", "user")]
    [InlineData("Username=u;Password=S3cr3tCanary", "host")]
    [InlineData("Host=h;Username=u;Password=x;S3cr3tCanary=y", "Npgsql's keywords")]
    [InlineData("Host=h;Username=u;Password=x;S3cr3tCanary", "keyword=value")]
    [InlineData("Host=h;Username=u;Password='S3cr3tCanary", "keyword=value")]
    [InlineData("Host=h;Port=S3cr3tCanary;Username=u;Password=p", "'port'")]
    [InlineData("Host=h:S3cr3tCanary;Username=u;Password=p", "port")]
    [InlineData("Host=h;Port=70000;Username=u;Password=p", "port")]
    [InlineData("Host=h;Username=u;Password=p;SSL Mode=S3cr3tCanary", "'ssl mode'")]
    [InlineData("Host=h;Username=u;Password=p;Options=-o S3cr3tCanary", "'options'")]
    [InlineData("Host=h;Username=u;Password=p;Passfile=S3cr3tCanary", "passfile")]
    [InlineData("Host=h;Username=u;Password=p;Multiplexing=true", "Multiplexing")]
    [InlineData("Host=h;Username=u;Password=p;Pooling=false", "Pooling")]
    [InlineData("Host=h;Username=u;Password=p;No Reset On Close=true", "No Reset On Close")]
    [InlineData("Host=h;Username=u;Password=p;Replication Mode=Logical", "Replication Mode")]
    [InlineData("Host=h;Username=u;Password=p;SSL Negotiation=Direct", "SSL Negotiation")]
    [InlineData("Host=h;Username=u;Password=S3cr3tCanary\uFFFD", "'password'")]
    [InlineData("{", "JSON object")]
    [InlineData("{S3cr3tCanary}", "JSON object")]
    [InlineData("""{"host":"h","username":"u","password":"S3cr3tCanary","password":"x"}""", "JSON object")]
    [InlineData("""{"host":"h","username":"u","password":"S3cr3tCanary\ud800"}""", "JSON object")]
    [InlineData("""{"host":"h","username":"u","password":"S3cr3tCanary\u0000"}""", "'password'")]
    [InlineData("""{"host":"h","username":"u","password":{"S3cr3tCanary":1}}""", "'password'")]
    [InlineData("""{"host":"h","username":"u","user":"v","password":"S3cr3tCanary"}""", "user")]
    [InlineData("""{"engine":"mysql","host":"h","username":"u","password":"S3cr3tCanary"}""", "engine")]
    [InlineData("""{"engine":5,"host":"h","username":"u","password":"S3cr3tCanary"}""", "engine")]
    [InlineData("""{"username":"u","password":"S3cr3tCanary"}""", "host")]
    [InlineData("""{"host":"h","username":"u","password":"S3cr3tCanary","port":5432.5}""", "port")]
    [InlineData("""{"host":"h","username":"u","password":"S3cr3tCanary","ssl":{"ca":"x"}}""", "'ssl'")]
    [InlineData("""["S3cr3tCanary"]""", "'='")]
    [InlineData("\"S3cr3tCanary", "JSON string")]
    [InlineData("\"postgresql://u:S3cr3tCanary@h\" x", "JSON string")]
    public void A_fault_names_the_component_and_repeats_nothing(string text, string component)
    {
        Assert.False(PostgresCredentials.TryParse(text, out var none, out var fault));
        Assert.Null(none);
        Assert.Contains(component, fault, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, fault, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("host=h user=u password=a;b", "a;b")]
    [InlineData("user=u password=a;Host=x host=h", "a;Host=x")]
    [InlineData("password='a;b' host=h user=u", "a;b")]
    [InlineData("host=h user=u password=a\\ b", "a b")]
    [InlineData("host=h user=u password=a\\ ", "a ")]
    [InlineData("host='h'user=u password='a\\'b\\\\'", "a'b\\")]
    [InlineData("Host=h;Username=u;Password=a b", "a b")]
    [InlineData("Password=a b;Host=h;Username=u", "a b")]
    [InlineData("password='a b';host=h;username=u", "a b")]
    [InlineData("password=\"a b\" ;host=h;username=u", "a b")]
    [InlineData("Host=h;Username=u;Password=\"a;b\"", "a;b")]
    [InlineData("Host=h;Username=u;Password='a\"b'", "a\"b")]
    public void The_first_parameter_tells_libpqs_form_from_Npgsqls(string text, string password)
    {
        var credentials = Parse(text);
        Assert.Equal(("h", "u", password), (credentials.Hosts.Single().Host, credentials.Username, credentials.Password));
    }

    [Fact]
    public void What_has_no_effect_is_named_once_and_gone()
    {
        Assert.Equal(
            ["keepalives_count", "oauth_client_secret", "replication", "tcp_user_timeout", "target_session_attrs", "keepalives_interval"],
            Parse("postgresql://u:p@h/db?tcp_user_timeout=1&replication=database&oauth_client_secret=S3cr3tCanary&keepalives_count=3" +
                "&keepalives_interval=3&target_session_attrs=read-write").Ignored);

        var credentials = Parse(
            "Host=h;Username=u;Password=p;Maximum Pool Size=7;MinPoolSize=3;Connection Idle Lifetime=9;Include Error Detail=true;" +
            "Log Parameters=true;Persist Security Info=true;Include Failed Batched Command=true;Target Session Attributes=primary");
        Assert.Equal(
            [
                "Connection Idle Lifetime", "Include Error Detail", "Include Failed Batched Command", "Log Parameters", "Maximum Pool Size",
                "Minimum Pool Size", "Persist Security Info", "Target Session Attributes",
            ],
            credentials.Ignored);
        var npgsql = credentials.ToNpgsql();
        Assert.False(npgsql.IncludeErrorDetail || npgsql.LogParameters || npgsql.PersistSecurityInfo || npgsql.IncludeFailedBatchedCommand);
        Assert.Equal((100, 0), (npgsql.MaxPoolSize, npgsql.MinPoolSize));
    }

    [Fact]
    public void Npgsqls_own_settings_are_kept()
    {
        var npgsql = Parse(
            "Host=h;Username=u;Password=p;Search Path=a;Enlist=false;Command Timeout=7;GSS Encryption Mode=Prefer;Options=-c x.y=z;" +
            "Application Name=me;Timezone=UTC;Max Auto Prepare=20;Multiplexing=false;Pooling=true").ToNpgsql();
        Assert.Equal(
            ("a", false, 7, GssEncryptionMode.Prefer, "-c x.y=z", "me", "UTC", 20),
            (npgsql.SearchPath!, npgsql.Enlist, npgsql.CommandTimeout, npgsql.GssEncryptionMode, npgsql.Options!, npgsql.ApplicationName!,
                npgsql.Timezone!, npgsql.MaxAutoPrepare));
    }

    [Theory]
    [InlineData("""{"host":"h","username":"u","password":"p","ssl":true}""", SslMode.Require)]
    [InlineData("""{"host":"h","username":"u","password":"p","ssl":true,"sslmode":"verify-full"}""", SslMode.VerifyFull)]
    [InlineData("""{"host":"h","username":"u","password":"p","sslmode":"verify-full","ssl":true}""", SslMode.VerifyFull)]
    [InlineData("""{"host":"h","username":"u","password":"p","ssl":false}""", SslMode.Prefer)]
    public void Encryption_asked_for_beside_the_login_is_not_lost(string text, SslMode mode)
    {
        Assert.Equal(mode, Parse(text).ToNpgsql().SslMode);
    }

    [Fact]
    public void A_changed_password_is_told_from_any_other_change()
    {
        var old = Parse("postgresql://u:p@h/db");
        Assert.True(old.DiffersOnlyInPassword(Parse("postgresql://u:q@h/db")));
        Assert.True(old.DiffersOnlyInPassword(Parse("host=h dbname=db user=u password=q")));
        Assert.False(old.DiffersOnlyInPassword(Parse("postgresql://u:p@h/db")));
        Assert.Equal(old, Parse("user=u password=p host=h dbname=db"));
        Assert.Equal(old.GetHashCode(), Parse("user=u password=p host=h dbname=db").GetHashCode());
        foreach (var other in new[]
        {
            "postgresql://v:q@h/db", "postgresql://u:q@i/db", "postgresql://u:q@h:5433/db", "postgresql://u:q@h/eb",
            "postgresql://u:q@h/db?options=-c%20a.b%3Dc", "postgresql://u:q@h/db?sslmode=verify-full", "postgresql://u:q@h,i/db",
        })
        {
            Assert.False(old.DiffersOnlyInPassword(Parse(other)));
            Assert.NotEqual(old, Parse(other));
        }
        Assert.False(Parse("postgresql://u:p@h?sslmode=verify-full").DiffersOnlyInPassword(Parse("postgresql://u:q@h?sslrootcert=system")));
    }

    [Fact]
    public void Whatever_text_a_secret_holds_is_credentials_or_a_fault_that_repeats_nothing()
    {
        var generator = new ConnectionTextGenerator(20260815, [.. LibpqKeywords.All.Order(StringComparer.Ordinal)], spaces: true);
        var random = new Random(20260815);
        for (var i = 0; i < 10_000; i++)
        {
            var text = (i % 4) switch
            {
                0 => generator.Uri(),
                1 => "host=h user=u password=p " + generator.KeywordValue(),
                2 => "Host=h;Username=u;Password=p;" + generator.KeywordValue().Replace(' ', ';'),
                _ => """{"host":"h","username":"u","password":"p","x":""" + generator.KeywordValue() + "}",
            };
            text = text.Insert(random.Next(text.Length + 1), Canary);
            if (PostgresCredentials.TryParse(text, out var credentials, out var fault))
            {
                Assert.Empty(fault);
                Assert.NotEmpty(credentials.Hosts);
                Assert.NotEmpty(credentials.Username);
                Assert.NotEmpty(credentials.Password);
                Assert.Null(credentials.ToNpgsql().Password);
            }
            else
            {
                Assert.NotEmpty(fault);
                Assert.DoesNotContain(Canary, fault, StringComparison.OrdinalIgnoreCase);
            }
        }
    }

    private static PostgresCredentials Parse(string text)
    {
        Assert.True(PostgresCredentials.TryParse(text, out var credentials, out var fault), fault);
        return credentials;
    }
}
