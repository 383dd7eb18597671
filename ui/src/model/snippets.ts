// The request behind what is shown, for a terminal or a program.

export type Language = "curl" | "python" | "node";

export const LANGUAGES: { id: Language; label: string }[] = [
  { id: "curl", label: "curl" },
  { id: "python", label: "Python" },
  { id: "node", label: "Node" },
];

export function snippet(language: Language, origin: string, accountSid: string, path: string, query: URLSearchParams): string {
  const pairs = [...query];
  switch (language) {
    case "curl":
      return [
        `curl -u ${accountSid}:$SIDETONE_AUTH_TOKEN ${pairs.length > 0 ? "-G " : ""}'${origin}${path}'`,
        ...pairs.map(([name, value]) => `  --data-urlencode '${name}=${value.replaceAll("'", `'\\''`)}'`),
      ].join(" \\\n");
    case "python":
      return [
        "import os, requests",
        "",
        "answer = requests.get(",
        `    ${JSON.stringify(origin + path)},`,
        ...(pairs.length > 0 ? [`    params=[${pairs.map(([n, v]) => `(${JSON.stringify(n)}, ${JSON.stringify(v)})`).join(", ")}],`] : []),
        `    auth=(${JSON.stringify(accountSid)}, os.environ["SIDETONE_AUTH_TOKEN"]),`,
        ")",
        "answer.raise_for_status()",
        "print(answer.json())",
      ].join("\n");
    case "node":
      return [
        `const url = new URL(${JSON.stringify(path)}, ${JSON.stringify(origin)});`,
        ...pairs.map(([n, v]) => `url.searchParams.append(${JSON.stringify(n)}, ${JSON.stringify(v)});`),
        `const login = Buffer.from(\`${accountSid}:\${process.env.SIDETONE_AUTH_TOKEN}\`).toString("base64");`,
        "const answer = await fetch(url, { headers: { Authorization: `Basic ${login}` } });",
        "if (!answer.ok) throw new Error(await answer.text());",
        "console.log(await answer.json());",
      ].join("\n");
  }
}
