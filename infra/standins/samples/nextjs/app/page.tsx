import { ChapterList } from "../components/chapter-list";
import { Checklist } from "../components/checklist";
import { actionItems, chapters, summary, title } from "../lib/companion";

export default function Page() {
  return (
    <main>
      <h1>{title}</h1>
      <p>{summary}</p>
      <ChapterList chapters={chapters} />
      <Checklist items={actionItems} />
    </main>
  );
}
