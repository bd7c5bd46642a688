namespace HyperConn.Tests;

/// <summary>xunit wants the definition in the assembly of the tests.</summary>
[CollectionDefinition(PostgresCollection.Name)]
public sealed class PostgresTestCollection : ICollectionFixture<PostgresFixture>;
