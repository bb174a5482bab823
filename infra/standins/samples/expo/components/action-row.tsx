import { Pressable, StyleSheet, Text, View } from "react-native";

import { type ActionItem, chapters } from "../lib/companion";
import { useProgress } from "../lib/progress";
import { chapterAt, clock } from "../lib/time";

interface Props {
  readonly item: ActionItem;
}

/** An action item: a touch ticks it. */
export function ActionRow({ item }: Props) {
  const checked = useProgress((progress) => progress.done.has(item.id));
  const toggle = useProgress((progress) => progress.toggle);
  const chapter = chapterAt(chapters, item.atSeconds);
  const place = clock(item.atSeconds);
  return (
    <Pressable
      accessibilityRole="checkbox"
      accessibilityState={{ checked }}
      onPress={() => toggle(item.id)}
      style={styles.row}
    >
      <Text style={styles.mark}>{checked ? "☑" : "☐"}</Text>
      <View style={styles.words}>
        <Text style={checked ? styles.checked : styles.title}>{item.title}</Text>
        <Text style={styles.place}>
          {chapter === undefined ? place : `${place}, ${chapter.title}`}
        </Text>
      </View>
    </Pressable>
  );
}

const styles = StyleSheet.create({
  row: { flexDirection: "row", gap: 12, paddingVertical: 10 },
  mark: { fontSize: 20 },
  words: { flex: 1 },
  title: { fontSize: 16 },
  checked: { fontSize: 16, textDecorationLine: "line-through" },
  place: { color: "#666666" },
});
