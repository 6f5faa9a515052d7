namespace System.Runtime.CompilerServices;

/// <summary>What the compiler asks for to have records and init properties, and .NET Standard 2.0 does not bring.</summary>
internal static class IsExternalInit;
