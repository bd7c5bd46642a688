using HyperConn.ConnectionStrings;
using Npgsql;

namespace HyperConn.Tests;

public class UriToNpgsqlSpecs
{
    private static NpgsqlConnectionStringBuilder Build(string query) => PostgresUri.Parse($"postgresql://app:secret@h/db?{query}").ToNpgsql();

    [Fact]
    public void The_login_and_the_place_are_carried_over()
    {
        var builder = PostgresUri.Parse("postgresql://app:p%3Bw%27d%22@h:5433/my%20db").ToNpgsql();
        Assert.Equal(("h", 5433, "app", "p;w'd\"", "my db"), (builder.Host!, builder.Port, builder.Username!, builder.Password!, builder.Database!));
        var copied = new NpgsqlConnectionStringBuilder(builder.ConnectionString);
        Assert.Equal("p;w'd\"", copied.Password);
    }

    [Fact]
    public void Without_a_database_it_is_the_users()
    {
        Assert.Equal("app", PostgresUri.Parse("postgresql://app:x@h").ToNpgsql().Database);
    }

    [Theory]
    [InlineData("postgresql://u@h/db", "h", 5432)]
    [InlineData("postgresql://u@[::1]:5433/db", "::1", 5433)]
    [InlineData("postgresql://u@%2Frun%2Fpostgresql:5433/db", "/run/postgresql", 5433)]
    [InlineData("postgresql://u@/db?host=%2Frun%2Fpostgresql", "/run/postgresql", 5432)]
    [InlineData("postgresql://u@/db?hostaddr=10.0.0.1&port=5433", "10.0.0.1", 5433)]
    [InlineData("postgresql://u@h/db?port=%205433%20", "h", 5433)]
    public void One_host_has_its_own_keywords(string text, string host, int port)
    {
        var builder = PostgresUri.Parse(text).ToNpgsql();
        Assert.Equal((host, port), (builder.Host, builder.Port));
        builder.Password = "x";
        using var buildable = new NpgsqlDataSourceBuilder(builder.ConnectionString).Build();
    }

    [Theory]
    [InlineData("postgresql://u@h1,h2/db", "h1:5432,h2:5432")]
    [InlineData("postgresql://u@h1,h2:5433/db", "h1:5432,h2:5433")]
    [InlineData("postgresql://u@h1,[::1]:5433,%2Frun/db", "h1:5432,[::1]:5433,/run:5432")]
    [InlineData("postgresql://u@/db?host=h1,h2&port=5433", "h1:5433,h2:5433")]
    [InlineData("postgresql://u@h1%2Ch2/db", "h1:5432,h2:5432")]
    public void Several_hosts_are_one_list_with_ports(string text, string hosts)
    {
        var builder = PostgresUri.Parse(text).ToNpgsql();
        Assert.Equal((hosts, "any"), (builder.Host, builder.TargetSessionAttributes));
        using var buildable = new NpgsqlDataSourceBuilder(builder.ConnectionString).Build();
    }

    [Theory]
    [InlineData("postgresql:///db", "host")]
    [InlineData("postgresql://u:p@:5432/db", "host")]
    [InlineData("postgresql://u:p@h1,,h3/db", "host")]
    [InlineData("postgresql://app@s3cr@S3cr3tCanary@h/db", "host")]
    [InlineData("postgresql://app:S3cr3tCanary/ret@h/db", "port")]
    [InlineData("postgresql://u@h1,h2,h3/db?port=1,2", "port")]
    [InlineData("postgresql://u@h:0/db", "port")]
    [InlineData("postgresql://u@h:65536/db", "port")]
    [InlineData("postgresql://u@h%3A1/db", "host")]
    [InlineData("postgresql://u@h%20x/db", "host")]
    [InlineData("postgresql://u:%FF@h/db", "password")]
    [InlineData("postgresql://u@h/db?hostaddr=10.0.0.1", "hostaddr")]
    [InlineData("postgresql://u@h/db?service=S3cr3tCanary", "service")]
    [InlineData("postgresql://u@h/db?servicefile=S3cr3tCanary", "servicefile")]
    [InlineData("postgresql://u@h/db?connect_timeout=S3cr3tCanary", "connect_timeout")]
    [InlineData("postgresql://u@h/db?keepalives=S3cr3tCanary", "keepalives")]
    [InlineData("postgresql://u@h/db?client_encoding=S3cr3tCanary", "client_encoding")]
    [InlineData("postgresql://u@h/db?target_session_attrs=S3cr3tCanary", "target_session_attrs")]
    [InlineData("postgresql://u@h/db?load_balance_hosts=S3cr3tCanary", "load_balance_hosts")]
    [InlineData("postgresql://u@h/db?sslmode=S3cr3tCanary", "sslmode")]
    [InlineData("postgresql://u@h/db?sslmode=", "sslmode")]
    [InlineData("postgresql://u@h/db?sslmode=VerifyFull", "sslmode")]
    [InlineData("postgresql://u@h/db?sslnegotiation=direct", "sslnegotiation")]
    [InlineData("postgresql://u@h/db?sslnegotiation=S3cr3tCanary", "sslnegotiation")]
    [InlineData("postgresql://u@h/db?gssencmode=S3cr3tCanary", "gssencmode")]
    [InlineData("postgresql://u@h/db?channel_binding=S3cr3tCanary", "channel_binding")]
    [InlineData("postgresql://u@h/db?require_auth=S3cr3tCanary", "require_auth")]
    [InlineData("postgresql://u@h/db?require_auth=md5,!password", "require_auth")]
    [InlineData("postgresql://u@h/db?require_auth=oauth", "require_auth")]
    [InlineData("postgresql://u@h/db?require_auth=!password,!md5,!gss,!sspi,!scram-sha-256,!none", "require_auth")]
    public void A_value_that_can_not_be_meant_is_refused_by_name(string text, string component)
    {
        var uri = PostgresUri.Parse(text);
        var refused = Assert.Throws<FormatException>(() => uri.ToNpgsql());
        Assert.Contains(component, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("S3cr3tCanary", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sslcrl=/x")]
    [InlineData("sslcrldir=/x")]
    [InlineData("ssl_min_protocol_version=TLSv1.3")]
    [InlineData("ssl_max_protocol_version=TLSv1.2")]
    [InlineData("requirepeer=postgres")]
    [InlineData("sslsni=0")]
    [InlineData("sslcertmode=require")]
    [InlineData("min_protocol_version=3.2")]
    public void Protection_that_Npgsql_can_not_give_is_refused_not_dropped(string parameter)
    {
        var refused = Assert.Throws<FormatException>(() => Build(parameter));
        Assert.Contains($"'{parameter[..parameter.IndexOf('=', StringComparison.Ordinal)]}'", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", SslMode.Prefer)]
    [InlineData("sslmode=disable", SslMode.Disable)]
    [InlineData("sslmode=allow", SslMode.Allow)]
    [InlineData("sslmode=prefer", SslMode.Prefer)]
    [InlineData("sslmode=require", SslMode.Require)]
    [InlineData("ssl=true", SslMode.Require)]
    [InlineData("sslmode=verify-ca", SslMode.VerifyCA)]
    [InlineData("sslmode=verify-full", SslMode.VerifyFull)]
    [InlineData("sslmode=require&sslrootcert=/ca.pem", SslMode.VerifyCA)]
    [InlineData("sslmode=verify-full&sslrootcert=/ca.pem", SslMode.VerifyFull)]
    [InlineData("sslrootcert=system", SslMode.VerifyFull)]
    [InlineData("sslmode=require&sslrootcert=system", SslMode.VerifyFull)]
    public void The_ssl_mode_verifies_what_libpq_would(string query, SslMode mode)
    {
        Assert.Equal(mode, Build(query).SslMode);
    }

    [Fact]
    public void Certificates_are_carried_over_and_system_is_no_file()
    {
        var builder = Build("sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem&sslpassword=kp&sslmode=verify-full&sslnegotiation=direct");
        Assert.Equal(
            ("/ca.pem", "/c.pem", "/k.pem", "kp", SslNegotiation.Direct),
            (builder.RootCertificate, builder.SslCertificate, builder.SslKey, builder.SslPassword, builder.SslNegotiation));
        Assert.Null(Build("sslrootcert=system").RootCertificate);
        Assert.Null(Build("sslcert=/c.pem&sslcertmode=disable").SslCertificate);
    }

    [Theory]
    [InlineData("", GssEncryptionMode.Disable)]
    [InlineData("gssencmode=disable", GssEncryptionMode.Disable)]
    [InlineData("gssencmode=prefer", GssEncryptionMode.Prefer)]
    [InlineData("gssencmode=require", GssEncryptionMode.Require)]
    public void Gss_encryption_is_off_unless_asked_for(string query, GssEncryptionMode mode)
    {
        Assert.Equal(mode, Build(query).GssEncryptionMode);
    }

    [Theory]
    [InlineData("channel_binding=require", "Channel Binding", "Require")]
    [InlineData("channel_binding=disable", "Channel Binding", "Disable")]
    [InlineData("require_auth=scram-sha-256", "Require Auth", "ScramSHA256")]
    [InlineData("require_auth=md5,gss,sspi,none", "Require Auth", "MD5,GSS,SSPI,None")]
    [InlineData("require_auth=!password,!md5", "Require Auth", "!Password,!MD5")]
    [InlineData("require_auth=oauth,password", "Require Auth", "Password")]
    [InlineData("krbsrvname=pg", "Kerberos Service Name", "pg")]
    [InlineData("application_name=billing", "Application Name", "billing")]
    [InlineData("fallback_application_name=psql", "Application Name", "psql")]
    [InlineData("fallback_application_name=psql&application_name=billing", "Application Name", "billing")]
    [InlineData("", "Application Name", "hyperconn")]
    [InlineData("connect_timeout=7", "Timeout", "7")]
    [InlineData("connect_timeout=-1", "Timeout", "0")]
    [InlineData("connect_timeout=9999", "Timeout", "1024")]
    [InlineData("keepalives=1", "TCP Keepalive", "True")]
    [InlineData("keepalives=0&keepalives_idle=9", "TCP Keepalive Time", "0")]
    [InlineData("keepalives_idle=9", "TCP Keepalive Time", "9")]
    [InlineData("keepalives_idle=9&keepalives_interval=3", "TCP Keepalive Interval", "3")]
    [InlineData("keepalives_interval=3", "TCP Keepalive Interval", "0")]
    [InlineData("client_encoding=auto", "Client Encoding", "UTF8")]
    [InlineData("client_encoding=utf-8", "Client Encoding", "utf-8")]
    [InlineData("client_encoding=LATIN1", "Encoding", "iso-8859-1")]
    [InlineData("load_balance_hosts=random", "Load Balance Hosts", "True")]
    [InlineData("load_balance_hosts=disable", "Load Balance Hosts", "False")]
    [InlineData("passfile=/x", "Passfile", "/x")]
    [InlineData("options=-c%20search_path%3Da", "Options", "-c search_path=a")]
    public void A_parameter_says_the_same_in_Npgsqls_keyword(string query, string keyword, string value)
    {
        Assert.Equal(value, Build(query)[keyword].ToString());
    }

    [Theory]
    [InlineData("read-write")]
    [InlineData("read-only")]
    [InlineData("primary")]
    [InlineData("standby")]
    [InlineData("prefer-standby")]
    public void The_wanted_role_of_the_server_chooses_among_several_hosts_only(string attributes)
    {
        var many = PostgresUri.Parse($"postgresql://u@h1,h2/db?target_session_attrs={attributes}").ToNpgsql();
        Assert.Equal(attributes, many.TargetSessionAttributes);
        using var several = new NpgsqlDataSourceBuilder(many.ConnectionString).Build();
        using var single = new NpgsqlDataSourceBuilder(Build($"target_session_attrs={attributes}").ConnectionString).Build();
    }

    [Fact]
    public void Every_keyword_is_mapped_refused_or_ignored_and_never_breaks()
    {
        foreach (var keyword in LibpqKeywords.All)
        {
            foreach (var value in new[] { "", "1", "x", "prefer", "a=b;Host=evil", "'\"" })
            {
                try
                {
                    var builder = Build($"{keyword}={Uri.EscapeDataString(value)}");
                    Assert.DoesNotContain("evil", new NpgsqlConnectionStringBuilder(builder.ConnectionString).Host, StringComparison.Ordinal);
                }
                catch (FormatException refused)
                {
                    Assert.Contains(keyword, refused.Message, StringComparison.Ordinal);
                }
            }
        }
    }
}
