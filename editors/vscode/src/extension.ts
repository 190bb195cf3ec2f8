import { homedir } from "os";
import { ExtensionContext, workspace } from "vscode";
import { LanguageClient, LanguageClientOptions, ServerOptions } from "vscode-languageclient/node";

let client: LanguageClient | undefined;

/** Start the server over the notes folder. */
export async function activate(_context: ExtensionContext): Promise<void> {
  const settings = workspace.getConfiguration("notepoint");
  const notes = settings.get<string>("notes") || workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (!notes) {
    return;
  }
  const server: ServerOptions = {
    command: settings.get<string>("command", "notepoint"),
    args: ["lsp", "--notes", notes],
    // Windows looks for the command in the working directory first, which would be the notes.
    options: { cwd: homedir() },
  };
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: "file", language: "markdown" }],
  };
  client = new LanguageClient("notepoint", "Notepoint", server, options);
  await client.start();
}

/** Stop the server. */
export async function deactivate(): Promise<void> {
  await client?.stop();
}
