namespace HyperConn;

/// <summary>Answer of an <see cref="ISecretStore"/>: a secret's current version, or why it can't be had.</summary>
public abstract record SecretResult
{
    private SecretResult()
    {
    }

    /// <summary>The current version of a secret.</summary>
    /// <param name="Text">The whole text of the secret. Kept out of <see cref="ToString"/>.</param>
    /// <param name="VersionId">The store's id of this version.</param>
    public sealed record Found(string Text, string VersionId) : SecretResult
    {
        /// <summary>Shows the version only, never the text.</summary>
        /// <returns>Text for logs.</returns>
        public override string ToString() => $"Found(version {VersionId})";
    }

    /// <summary>The secret can't be had.</summary>
    /// <param name="Code">One of <see cref="HyperConnErrorCode.SecretNotFound"/>, <see cref="HyperConnErrorCode.SecretMalformed"/>,
    /// <see cref="HyperConnErrorCode.AccessDenied"/>, <see cref="HyperConnErrorCode.StoreUnavailable"/>,
    /// <see cref="HyperConnErrorCode.StoreThrottled"/>.</param>
    /// <param name="Message">What happened and what to check; never text of a secret.</param>
    public sealed record Failed(HyperConnErrorCode Code, string Message) : SecretResult
    {
        /// <summary>The store has no contents yet, and storing a first secret makes them.</summary>
        internal bool IsOfEmptyStore { get; init; }
    }
}
