using System.Reflection;
using Npgsql;
using Npgsql.Internal;
using Npgsql.PostgresTypes;

namespace HyperConn.TypeCatalogues;

/// <summary>
/// What the sharing of catalogues needs of Npgsql and is not public there. Bound once by name: a version of Npgsql that lacks one of these is
/// noticed before anything is shared, and loads its types by itself.
/// </summary>
internal sealed class NpgsqlInternals
{
    private const BindingFlags Members = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    private readonly Func<NpgsqlConnector, NpgsqlDataSource> _dataSource;
    private readonly Func<NpgsqlConnector, Dictionary<string, string>> _parameters;
    private readonly Func<NpgsqlConnector, CancellationToken> _token;
    private readonly Action<NpgsqlConnector> _endAction;
    private readonly MethodInfo _startAction;
    private readonly object _executing;
    private readonly FieldInfo _passwordProvider;
    private readonly Func<NpgsqlDataSource, bool> _hasTypes;
    private readonly Func<NpgsqlDatabaseInfo, IEnumerable<PostgresType>> _types;
    private readonly Action<NpgsqlDatabaseInfo> _process;
    private readonly FieldInfo _factories;
    private readonly FieldInfo _loadsTypes;
    private readonly FieldInfo _loadsTableComposites;
    private readonly FieldInfo _schemas;

    private NpgsqlInternals(Func<Type, string, MemberInfo?> find)
    {
        var npgsql = typeof(NpgsqlConnector).Assembly;
        _dataSource = Method(find, typeof(NpgsqlConnector), "get_DataSource").CreateDelegate<Func<NpgsqlConnector, NpgsqlDataSource>>();
        _parameters = Method(find, typeof(NpgsqlConnector), "get_PostgresParameters").CreateDelegate<Func<NpgsqlConnector, Dictionary<string, string>>>();
        _token = Method(find, typeof(NpgsqlConnector), "get_UserCancellationToken").CreateDelegate<Func<NpgsqlConnector, CancellationToken>>();
        _endAction = Method(find, typeof(NpgsqlConnector), "EndUserAction").CreateDelegate<Action<NpgsqlConnector>>();
        var state = Type(npgsql, "Npgsql.Internal.ConnectorState");
        _executing = Enum.Parse(state, "Executing");
        _startAction = typeof(NpgsqlConnector).GetMethod("StartUserAction", Members, [state, typeof(CancellationToken), typeof(bool)])
            ?? throw Missing(typeof(NpgsqlConnector), "StartUserAction");
        _passwordProvider = Field(find, typeof(NpgsqlDataSource), "_passwordProvider", typeof(Func<NpgsqlConnectionStringBuilder, string>));
        _hasTypes = Method(find, typeof(NpgsqlDataSource), "get_IsBootstrapped").CreateDelegate<Func<NpgsqlDataSource, bool>>();
        _types = Method(find, typeof(NpgsqlDatabaseInfo), "GetTypes").CreateDelegate<Func<NpgsqlDatabaseInfo, IEnumerable<PostgresType>>>();
        _process = Method(find, typeof(NpgsqlDatabaseInfo), "ProcessTypes").CreateDelegate<Action<NpgsqlDatabaseInfo>>();
        _factories = Field(find, typeof(NpgsqlDatabaseInfo), "Factories", typeof(INpgsqlDatabaseInfoFactory[]));
        _loadsTypes = Field(find, typeof(NpgsqlTypeLoadingOptionsBuilder), "_loadTypes", typeof(bool));
        _loadsTableComposites = Field(find, typeof(NpgsqlTypeLoadingOptionsBuilder), "_loadTableComposites", typeof(bool));
        _schemas = Field(find, typeof(NpgsqlTypeLoadingOptionsBuilder), "_typeLoadingSchemas", typeof(List<string>));
        OwnLoader = (INpgsqlDatabaseInfoFactory)Activator.CreateInstance(Type(npgsql, "Npgsql.PostgresDatabaseInfoFactory"), nonPublic: true)!;
    }

    /// <summary>What Npgsql loads the types of a PostgreSQL server with.</summary>
    public INpgsqlDatabaseInfoFactory OwnLoader { get; }

    /// <summary>Finds everything; null: this version of Npgsql lacks what <paramref name="missing"/> names.</summary>
    public static NpgsqlInternals? TryBind(out string missing) => TryBind(Find, out missing);

    /// <summary>The same with another way to find members, as specs need it.</summary>
    internal static NpgsqlInternals? TryBind(Func<Type, string, MemberInfo?> find, out string missing)
    {
        try
        {
            missing = "";
            return new NpgsqlInternals(find);
        }
        catch (Exception lacking) when (lacking is MissingMemberException or TypeLoadException or ArgumentException or InvalidCastException)
        {
            missing = lacking.Message;
            return null;
        }
    }

    /// <summary>Finds a member as <see cref="TryBind(out string)"/> does.</summary>
    internal static MemberInfo? Find(Type type, string name) => type.GetMember(name, Members).FirstOrDefault();

    /// <summary>The data source a physical connection belongs to; of several hosts', that of the one host.</summary>
    public NpgsqlDataSource DataSourceOf(NpgsqlConnector connector) => _dataSource(connector);

    /// <summary>What the server said of itself when the connection was opened.</summary>
    public IReadOnlyDictionary<string, string> ParametersOf(NpgsqlConnector connector) => _parameters(connector);

    /// <summary>The object whose method is the password provider; null: a static one, or none.</summary>
    public object? PasswordProviderOf(NpgsqlDataSource source) => ((Delegate?)_passwordProvider.GetValue(source))?.Target;

    /// <summary>Whether the data source has loaded types already, so that loading again is what its user asks for.</summary>
    public bool HasTypes(NpgsqlDataSource source) => _hasTypes(source);

    /// <summary>The types a catalogue was made of.</summary>
    public IEnumerable<PostgresType> TypesOf(NpgsqlDatabaseInfo info) => _types(info);

    /// <summary>Has a catalogue take up its types, as Npgsql does with each that it is given.</summary>
    public void Process(NpgsqlDatabaseInfo info) => _process(info);

    /// <summary>Whether somebody else in the process has a say in how types are loaded.</summary>
    public bool HasOtherLoaders(INpgsqlDatabaseInfoFactory ours) => ((INpgsqlDatabaseInfoFactory[])_factories.GetValue(null)!)
        .Any(factory => factory != ours && factory.GetType().Assembly != typeof(NpgsqlConnector).Assembly);

    /// <summary>Whether types are loaded as they are by default: all but table composites, of all schemas.</summary>
    public bool LoadsAsUsual(NpgsqlTypeLoadingOptionsBuilder loading) =>
        (bool)_loadsTypes.GetValue(loading)! && !(bool)_loadsTableComposites.GetValue(loading)! && _schemas.GetValue(loading) is null;

    /// <summary>
    /// Interrupts the loading Npgsql has begun on a connection, because a command can't run in the midst of it. <see cref="Resume"/> goes on.
    /// </summary>
    /// <returns>The token that cancels the open.</returns>
    public CancellationToken Pause(NpgsqlConnector connector)
    {
        var token = _token(connector);
        _endAction(connector);
        return token;
    }

    /// <summary>Goes on with what <see cref="Pause"/> interrupted.</summary>
    public void Resume(NpgsqlConnector connector, CancellationToken token)
    {
        try
        {
            _startAction.Invoke(connector, BindingFlags.DoNotWrapExceptions, null, [_executing, token, true], null);
        }
        catch (InvalidOperationException)
        {
            // The connection broke, and whoever reads from it next says why.
        }
    }

    private static MethodInfo Method(Func<Type, string, MemberInfo?> find, Type type, string name) =>
        find(type, name) as MethodInfo ?? throw Missing(type, name);

    private static FieldInfo Field(Func<Type, string, MemberInfo?> find, Type type, string name, Type holds) =>
        find(type, name) is FieldInfo field && field.FieldType == holds ? field : throw Missing(type, name);

    private static Type Type(Assembly npgsql, string name) => npgsql.GetType(name) ?? throw new TypeLoadException(name);

    private static MissingMemberException Missing(Type type, string name) => new($"{type.Name}.{name}");
}
