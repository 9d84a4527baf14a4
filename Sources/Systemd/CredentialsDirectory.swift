/// Where systemd puts the files of `LoadCredential=` and `LoadCredentialEncrypted=` (systemd.exec(5)).
package enum CredentialsDirectory {
    /// The absolute path, or nil if the unit loads no credentials.
    ///
    /// A relative path does not come from systemd, and would mean another place after a change of directory: it
    /// counts as none.
    package static func path(in environment: ServiceEnvironment) -> String? {
        guard let path = environment[.credentialsDirectory], path.hasPrefix("/") else { return nil }
        return path
    }
}
