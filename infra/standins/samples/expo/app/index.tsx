import { Link } from "expo-router";
import { useState } from "react";
import { FlatList, StyleSheet, Text, TextInput, View } from "react-native";
import { SafeAreaView } from "react-native-safe-area-context";

import { actionItems, chapters, summary, title } from "../lib/companion";
import { useProgress } from "../lib/progress";
import { clock } from "../lib/time";

export default function ChaptersScreen() {
  const [words, setWords] = useState("");
  const done = useProgress((progress) => progress.done);
  const left = actionItems.filter((item) => !done.has(item.id)).length;
  const wanted = words.trim().toLowerCase();
  const found = chapters.filter((chapter) =>
    chapter.title.toLowerCase().includes(wanted),
  );
  return (
    <SafeAreaView edges={["bottom"]} style={styles.screen}>
      <FlatList
        data={found}
        keyExtractor={(chapter) => `${chapter.startSeconds} ${chapter.title}`}
        ListHeaderComponent={
          <View style={styles.header}>
            <Text accessibilityRole="header" style={styles.title}>
              {title}
            </Text>
            <Text>{summary}</Text>
            <Link href="/actions" style={styles.link}>
              {left} action items to do
            </Link>
            <TextInput
              accessibilityLabel="Find a chapter"
              onChangeText={setWords}
              style={styles.search}
              value={words}
            />
          </View>
        }
        ListEmptyComponent={<Text>No chapter has these words.</Text>}
        renderItem={({ item }) => (
          <View style={styles.row}>
            <Text style={styles.time}>{clock(item.startSeconds)}</Text>
            <Text style={styles.chapter}>{item.title}</Text>
          </View>
        )}
      />
    </SafeAreaView>
  );
}

const styles = StyleSheet.create({
  screen: { flex: 1, padding: 16 },
  header: { gap: 12, paddingBottom: 12 },
  title: { fontSize: 24, fontWeight: "700" },
  link: { color: "#0b5394", fontSize: 16 },
  search: { borderColor: "#cccccc", borderRadius: 6, borderWidth: 1, padding: 8 },
  row: { flexDirection: "row", gap: 12, paddingVertical: 8 },
  time: { color: "#0b5394", fontVariant: ["tabular-nums"], minWidth: 56 },
  chapter: { flex: 1 },
});
